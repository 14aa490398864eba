package com.google.android.gms.litert

import android.content.Context
import com.google.ai.edge.litert.Environment
import com.google.android.gms.tasks.Task

object LiteRt {
    fun initialize(context: Context): Task<Environment> = error("stub")
}
