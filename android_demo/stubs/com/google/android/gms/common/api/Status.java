package com.google.android.gms.common.api;

import org.jetbrains.annotations.Nullable;

public final class Status {
    public Status(int statusCode) {}

    public Status(int statusCode, @Nullable String statusMessage) {}

    public int getStatusCode() { throw new RuntimeException("stub"); }

    public @Nullable String getStatusMessage() { throw new RuntimeException("stub"); }
}
