package com.google.android.gms.common.api;

import org.jetbrains.annotations.NotNull;

public class CommonStatusCodes {
    protected CommonStatusCodes() {}

    public static @NotNull String getStatusCodeString(int statusCode) { throw new RuntimeException("stub"); }
}
