package android.graphics;

public class Paint {
    public static final int ANTI_ALIAS_FLAG = 1;

    public enum Style { FILL, STROKE, FILL_AND_STROKE }

    public Paint() {}

    public Paint(int flags) {}

    public Style getStyle() { throw new RuntimeException("stub"); }

    public void setStyle(Style style) { throw new RuntimeException("stub"); }

    public float getStrokeWidth() { throw new RuntimeException("stub"); }

    public void setStrokeWidth(float width) { throw new RuntimeException("stub"); }

    public int getColor() { throw new RuntimeException("stub"); }

    public void setColor(int color) { throw new RuntimeException("stub"); }

    public float getTextSize() { throw new RuntimeException("stub"); }

    public void setTextSize(float textSize) { throw new RuntimeException("stub"); }

    public float ascent() { throw new RuntimeException("stub"); }

    public float descent() { throw new RuntimeException("stub"); }

    public float measureText(String text) { throw new RuntimeException("stub"); }
}
