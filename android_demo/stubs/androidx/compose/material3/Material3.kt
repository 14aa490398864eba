package androidx.compose.material3

import androidx.compose.foundation.layout.PaddingValues
import androidx.compose.foundation.layout.RowScope
import androidx.compose.runtime.Composable
import androidx.compose.ui.Modifier
import androidx.compose.ui.graphics.Color
import androidx.compose.ui.graphics.painter.Painter
import androidx.compose.ui.text.TextStyle
import androidx.compose.ui.text.font.FontWeight
import androidx.compose.ui.text.style.TextAlign

class ColorScheme(val surface: Color, val error: Color)

class Typography(
    val titleLarge: TextStyle,
    val titleMedium: TextStyle,
    val bodySmall: TextStyle,
    val labelMedium: TextStyle,
)

fun lightColorScheme(primary: Color, background: Color): ColorScheme = error("stub")

fun darkColorScheme(primary: Color, background: Color): ColorScheme = error("stub")

object MaterialTheme {
    val colorScheme: ColorScheme
        @Composable get() = error("stub")
    val typography: Typography
        @Composable get() = error("stub")
}

@Composable
fun MaterialTheme(colorScheme: ColorScheme, content: @Composable () -> Unit): Unit = error("stub")

@Composable
fun Text(
    text: String,
    modifier: Modifier = Modifier,
    color: Color = error("stub"),
    fontWeight: FontWeight? = null,
    textAlign: TextAlign? = null,
    style: TextStyle = error("stub"),
): Unit = error("stub")

@Composable
fun Icon(painter: Painter, contentDescription: String?): Unit = error("stub")

@Composable
fun Button(
    onClick: () -> Unit,
    modifier: Modifier = Modifier,
    enabled: Boolean = true,
    content: @Composable RowScope.() -> Unit,
): Unit = error("stub")

@Composable
fun OutlinedButton(
    onClick: () -> Unit,
    modifier: Modifier = Modifier,
    enabled: Boolean = true,
    content: @Composable RowScope.() -> Unit,
): Unit = error("stub")

@Composable
fun TextButton(
    onClick: () -> Unit,
    modifier: Modifier = Modifier,
    enabled: Boolean = true,
    content: @Composable RowScope.() -> Unit,
): Unit = error("stub")

@Composable
fun AlertDialog(
    onDismissRequest: () -> Unit,
    confirmButton: @Composable () -> Unit,
    modifier: Modifier = Modifier,
    dismissButton: @Composable (() -> Unit)? = null,
    icon: @Composable (() -> Unit)? = null,
    title: @Composable (() -> Unit)? = null,
    text: @Composable (() -> Unit)? = null,
): Unit = error("stub")

@Composable
fun OutlinedTextField(
    value: String,
    onValueChange: (String) -> Unit,
    modifier: Modifier = Modifier,
    enabled: Boolean = true,
    readOnly: Boolean = false,
    textStyle: TextStyle = error("stub"),
    label: @Composable (() -> Unit)? = null,
): Unit = error("stub")

@Composable
fun LinearProgressIndicator(progress: () -> Float, modifier: Modifier = Modifier): Unit =
    error("stub")

@Composable
fun FilterChip(selected: Boolean, onClick: () -> Unit, label: @Composable () -> Unit): Unit =
    error("stub")

@Composable
fun CircularProgressIndicator(): Unit = error("stub")

@Composable
fun Surface(
    modifier: Modifier = Modifier,
    color: Color = error("stub"),
    content: @Composable () -> Unit,
): Unit = error("stub")

@Composable
fun Scaffold(
    modifier: Modifier = Modifier,
    bottomBar: @Composable () -> Unit = {},
    content: @Composable (PaddingValues) -> Unit,
): Unit = error("stub")

@Composable
fun NavigationBar(modifier: Modifier = Modifier, content: @Composable RowScope.() -> Unit): Unit =
    error("stub")

@Composable
fun RowScope.NavigationBarItem(
    selected: Boolean,
    onClick: () -> Unit,
    icon: @Composable () -> Unit,
    label: @Composable (() -> Unit)? = null,
): Unit = error("stub")
