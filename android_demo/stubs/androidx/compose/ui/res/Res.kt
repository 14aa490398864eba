package androidx.compose.ui.res

import androidx.annotation.DrawableRes
import androidx.annotation.StringRes
import androidx.compose.runtime.Composable
import androidx.compose.runtime.ReadOnlyComposable
import androidx.compose.ui.graphics.painter.Painter

@Composable
@ReadOnlyComposable
fun stringResource(@StringRes id: Int): String = error("stub")

@Composable
@ReadOnlyComposable
fun stringResource(@StringRes id: Int, vararg formatArgs: Any): String = error("stub")

@Composable
@ReadOnlyComposable
fun pluralStringResource(id: Int, count: Int): String = error("stub")

@Composable
@ReadOnlyComposable
fun pluralStringResource(id: Int, count: Int, vararg formatArgs: Any): String = error("stub")

@Composable
fun painterResource(@DrawableRes id: Int): Painter = error("stub")
