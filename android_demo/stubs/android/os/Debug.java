package android.os;

public final class Debug {
    private Debug() {}

    /** In kilobytes. */
    public static long getPss() { throw new RuntimeException("stub"); }

    /** In bytes. */
    public static long getNativeHeapAllocatedSize() { throw new RuntimeException("stub"); }
}
