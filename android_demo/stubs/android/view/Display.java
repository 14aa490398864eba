package android.view;

public final class Display {
    Display() {}

    public int getRotation() { throw new RuntimeException("stub"); }
}
