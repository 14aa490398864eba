package android.content.res;

public final class Configuration {
    public static final int ORIENTATION_PORTRAIT = 1;
    public static final int ORIENTATION_LANDSCAPE = 2;

    public int orientation;
    public int screenWidthDp;
    public int screenHeightDp;
    public int smallestScreenWidthDp;
}
