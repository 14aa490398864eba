package com.google.android.gms.litert;

import android.content.Context;
import com.google.ai.edge.litert.Environment;
import com.google.android.gms.tasks.Task;
import org.jetbrains.annotations.NotNull;

/** There is also initialize(Context, options); the options' class is in nothing that could be read. */
public final class LiteRt {
    private LiteRt() {}

    public static @NotNull Task<Environment> initialize(@NotNull Context context) {
        throw new RuntimeException("stub");
    }
}
