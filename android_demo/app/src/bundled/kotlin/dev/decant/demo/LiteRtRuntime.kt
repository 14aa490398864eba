package dev.decant.demo

import android.content.Context
import com.google.ai.edge.litert.Environment

/** Opens the LiteRT runtime that is packed into this app. */
@Suppress("RedundantSuspendModifier", "UNUSED_PARAMETER") // The play flavour waits, and needs both.
internal suspend fun openEnvironment(context: Context): Environment = Environment.create()
