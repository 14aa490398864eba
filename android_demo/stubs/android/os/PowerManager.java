package android.os;

public final class PowerManager {
    PowerManager() {}

    public static final int THERMAL_STATUS_NONE = 0;

    /** Since API 29. */
    public int getCurrentThermalStatus() { throw new RuntimeException("stub"); }
}
