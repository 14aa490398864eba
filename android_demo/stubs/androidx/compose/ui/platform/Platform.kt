package androidx.compose.ui.platform

import android.content.Context
import android.content.res.Resources
import androidx.compose.runtime.ProvidableCompositionLocal
import androidx.compose.ui.unit.Density

val LocalContext: ProvidableCompositionLocal<Context> get() = error("stub")

val LocalDensity: ProvidableCompositionLocal<Density> get() = error("stub")

val LocalResources: ProvidableCompositionLocal<Resources> get() = error("stub")
