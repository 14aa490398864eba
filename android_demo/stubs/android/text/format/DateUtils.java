package android.text.format;

import android.content.Context;

public class DateUtils {
    public static final int FORMAT_SHOW_TIME = 0x1;
    public static final int FORMAT_SHOW_YEAR = 0x4;
    public static final int FORMAT_SHOW_DATE = 0x10;

    public static String formatDateTime(Context context, long millis, int flags) { throw new RuntimeException("stub"); }
}
