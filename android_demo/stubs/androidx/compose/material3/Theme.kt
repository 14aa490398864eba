package androidx.compose.material3

import androidx.compose.runtime.Composable
import androidx.compose.runtime.ReadOnlyComposable
import androidx.compose.ui.graphics.Color
import androidx.compose.ui.text.TextStyle

class ColorScheme internal constructor() {
    val primary: Color get() = error("stub")
    val onPrimary: Color get() = error("stub")
    val primaryContainer: Color get() = error("stub")
    val onPrimaryContainer: Color get() = error("stub")
    val inversePrimary: Color get() = error("stub")
    val secondary: Color get() = error("stub")
    val onSecondary: Color get() = error("stub")
    val secondaryContainer: Color get() = error("stub")
    val onSecondaryContainer: Color get() = error("stub")
    val tertiary: Color get() = error("stub")
    val onTertiary: Color get() = error("stub")
    val tertiaryContainer: Color get() = error("stub")
    val onTertiaryContainer: Color get() = error("stub")
    val background: Color get() = error("stub")
    val onBackground: Color get() = error("stub")
    val surface: Color get() = error("stub")
    val onSurface: Color get() = error("stub")
    val surfaceVariant: Color get() = error("stub")
    val onSurfaceVariant: Color get() = error("stub")
    val surfaceTint: Color get() = error("stub")
    val inverseSurface: Color get() = error("stub")
    val inverseOnSurface: Color get() = error("stub")
    val error: Color get() = error("stub")
    val onError: Color get() = error("stub")
    val errorContainer: Color get() = error("stub")
    val onErrorContainer: Color get() = error("stub")
    val outline: Color get() = error("stub")
    val outlineVariant: Color get() = error("stub")
    val scrim: Color get() = error("stub")
    val surfaceBright: Color get() = error("stub")
    val surfaceContainer: Color get() = error("stub")
    val surfaceContainerHigh: Color get() = error("stub")
    val surfaceContainerHighest: Color get() = error("stub")
    val surfaceContainerLow: Color get() = error("stub")
    val surfaceContainerLowest: Color get() = error("stub")
    val surfaceDim: Color get() = error("stub")
}

fun lightColorScheme(
    primary: Color = error("stub"),
    onPrimary: Color = error("stub"),
    primaryContainer: Color = error("stub"),
    onPrimaryContainer: Color = error("stub"),
    inversePrimary: Color = error("stub"),
    secondary: Color = error("stub"),
    onSecondary: Color = error("stub"),
    secondaryContainer: Color = error("stub"),
    onSecondaryContainer: Color = error("stub"),
    tertiary: Color = error("stub"),
    onTertiary: Color = error("stub"),
    tertiaryContainer: Color = error("stub"),
    onTertiaryContainer: Color = error("stub"),
    background: Color = error("stub"),
    onBackground: Color = error("stub"),
    surface: Color = error("stub"),
    onSurface: Color = error("stub"),
    surfaceVariant: Color = error("stub"),
    onSurfaceVariant: Color = error("stub"),
    surfaceTint: Color = error("stub"),
    inverseSurface: Color = error("stub"),
    inverseOnSurface: Color = error("stub"),
    error: Color = error("stub"),
    onError: Color = error("stub"),
    errorContainer: Color = error("stub"),
    onErrorContainer: Color = error("stub"),
    outline: Color = error("stub"),
    outlineVariant: Color = error("stub"),
    scrim: Color = error("stub"),
    surfaceBright: Color = error("stub"),
    surfaceContainer: Color = error("stub"),
    surfaceContainerHigh: Color = error("stub"),
    surfaceContainerHighest: Color = error("stub"),
    surfaceContainerLow: Color = error("stub"),
    surfaceContainerLowest: Color = error("stub"),
    surfaceDim: Color = error("stub"),
    primaryFixed: Color = error("stub"),
    primaryFixedDim: Color = error("stub"),
    onPrimaryFixed: Color = error("stub"),
    onPrimaryFixedVariant: Color = error("stub"),
    secondaryFixed: Color = error("stub"),
    secondaryFixedDim: Color = error("stub"),
    onSecondaryFixed: Color = error("stub"),
    onSecondaryFixedVariant: Color = error("stub"),
    tertiaryFixed: Color = error("stub"),
    tertiaryFixedDim: Color = error("stub"),
    onTertiaryFixed: Color = error("stub"),
    onTertiaryFixedVariant: Color = error("stub"),
): ColorScheme = error("stub")

fun darkColorScheme(
    primary: Color = error("stub"),
    onPrimary: Color = error("stub"),
    primaryContainer: Color = error("stub"),
    onPrimaryContainer: Color = error("stub"),
    inversePrimary: Color = error("stub"),
    secondary: Color = error("stub"),
    onSecondary: Color = error("stub"),
    secondaryContainer: Color = error("stub"),
    onSecondaryContainer: Color = error("stub"),
    tertiary: Color = error("stub"),
    onTertiary: Color = error("stub"),
    tertiaryContainer: Color = error("stub"),
    onTertiaryContainer: Color = error("stub"),
    background: Color = error("stub"),
    onBackground: Color = error("stub"),
    surface: Color = error("stub"),
    onSurface: Color = error("stub"),
    surfaceVariant: Color = error("stub"),
    onSurfaceVariant: Color = error("stub"),
    surfaceTint: Color = error("stub"),
    inverseSurface: Color = error("stub"),
    inverseOnSurface: Color = error("stub"),
    error: Color = error("stub"),
    onError: Color = error("stub"),
    errorContainer: Color = error("stub"),
    onErrorContainer: Color = error("stub"),
    outline: Color = error("stub"),
    outlineVariant: Color = error("stub"),
    scrim: Color = error("stub"),
    surfaceBright: Color = error("stub"),
    surfaceContainer: Color = error("stub"),
    surfaceContainerHigh: Color = error("stub"),
    surfaceContainerHighest: Color = error("stub"),
    surfaceContainerLow: Color = error("stub"),
    surfaceContainerLowest: Color = error("stub"),
    surfaceDim: Color = error("stub"),
    primaryFixed: Color = error("stub"),
    primaryFixedDim: Color = error("stub"),
    onPrimaryFixed: Color = error("stub"),
    onPrimaryFixedVariant: Color = error("stub"),
    secondaryFixed: Color = error("stub"),
    secondaryFixedDim: Color = error("stub"),
    onSecondaryFixed: Color = error("stub"),
    onSecondaryFixedVariant: Color = error("stub"),
    tertiaryFixed: Color = error("stub"),
    tertiaryFixedDim: Color = error("stub"),
    onTertiaryFixed: Color = error("stub"),
    onTertiaryFixedVariant: Color = error("stub"),
): ColorScheme = error("stub")

class Shapes

class Typography internal constructor() {
    val displayLarge: TextStyle get() = error("stub")
    val displayMedium: TextStyle get() = error("stub")
    val displaySmall: TextStyle get() = error("stub")
    val headlineLarge: TextStyle get() = error("stub")
    val headlineMedium: TextStyle get() = error("stub")
    val headlineSmall: TextStyle get() = error("stub")
    val titleLarge: TextStyle get() = error("stub")
    val titleMedium: TextStyle get() = error("stub")
    val titleSmall: TextStyle get() = error("stub")
    val bodyLarge: TextStyle get() = error("stub")
    val bodyMedium: TextStyle get() = error("stub")
    val bodySmall: TextStyle get() = error("stub")
    val labelLarge: TextStyle get() = error("stub")
    val labelMedium: TextStyle get() = error("stub")
    val labelSmall: TextStyle get() = error("stub")
}

object MaterialTheme {
    val colorScheme: ColorScheme
        @Composable @ReadOnlyComposable get() = error("stub")
    val typography: Typography
        @Composable @ReadOnlyComposable get() = error("stub")
    val shapes: Shapes
        @Composable @ReadOnlyComposable get() = error("stub")
}

@Composable
fun MaterialTheme(
    colorScheme: ColorScheme = error("stub"),
    shapes: Shapes = error("stub"),
    typography: Typography = error("stub"),
    content: @Composable () -> Unit,
): Unit = error("stub")
