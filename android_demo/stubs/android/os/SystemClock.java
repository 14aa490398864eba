package android.os;

public final class SystemClock {
    private SystemClock() {}

    public static long elapsedRealtime() { throw new RuntimeException("stub"); }

    public static long elapsedRealtimeNanos() { throw new RuntimeException("stub"); }

    public static long uptimeMillis() { throw new RuntimeException("stub"); }
}
