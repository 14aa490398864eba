package com.google.android.gms.common.api;

import org.jetbrains.annotations.NotNull;

public class ApiException extends Exception {
    public ApiException(@NotNull Status status) {}

    public @NotNull Status getStatus() { throw new RuntimeException("stub"); }

    public int getStatusCode() { throw new RuntimeException("stub"); }
}
