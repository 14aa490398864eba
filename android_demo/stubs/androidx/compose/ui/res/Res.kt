package androidx.compose.ui.res

import androidx.compose.runtime.Composable
import androidx.compose.ui.graphics.painter.Painter

@Composable
fun stringResource(id: Int): String = error("stub")

@Composable
fun stringResource(id: Int, vararg formatArgs: Any): String = error("stub")

@Composable
fun pluralStringResource(id: Int, count: Int, vararg formatArgs: Any): String = error("stub")

@Composable
fun painterResource(id: Int): Painter = error("stub")
