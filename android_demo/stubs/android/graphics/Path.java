package android.graphics;

public class Path {
    public Path() {}

    public void moveTo(float x, float y) { throw new RuntimeException("stub"); }

    public void lineTo(float x, float y) { throw new RuntimeException("stub"); }

    public void close() { throw new RuntimeException("stub"); }
}
