package androidx.compose.ui.platform

import android.content.Context
import android.content.res.Configuration
import android.content.res.Resources
import android.view.View
import androidx.compose.runtime.ProvidableCompositionLocal
import androidx.compose.ui.unit.Density
import androidx.compose.ui.unit.LayoutDirection

val LocalContext: ProvidableCompositionLocal<Context> get() = error("stub")

val LocalConfiguration: ProvidableCompositionLocal<Configuration> get() = error("stub")

val LocalDensity: ProvidableCompositionLocal<Density> get() = error("stub")

val LocalResources: ProvidableCompositionLocal<Resources> get() = error("stub")

val LocalView: ProvidableCompositionLocal<View> get() = error("stub")

val LocalLayoutDirection: ProvidableCompositionLocal<LayoutDirection> get() = error("stub")
