package androidx.compose.material3

import androidx.compose.foundation.BorderStroke
import androidx.compose.foundation.interaction.MutableInteractionSource
import androidx.compose.foundation.layout.ColumnScope
import androidx.compose.foundation.layout.PaddingValues
import androidx.compose.foundation.layout.RowScope
import androidx.compose.foundation.layout.WindowInsets
import androidx.compose.foundation.text.KeyboardActions
import androidx.compose.foundation.text.KeyboardOptions
import androidx.compose.foundation.text.TextAutoSize
import androidx.compose.runtime.Composable
import androidx.compose.ui.Modifier
import androidx.compose.ui.graphics.Color
import androidx.compose.ui.graphics.Shape
import androidx.compose.ui.graphics.StrokeCap
import androidx.compose.ui.graphics.drawscope.DrawScope
import androidx.compose.ui.graphics.painter.Painter
import androidx.compose.ui.graphics.vector.ImageVector
import androidx.compose.ui.text.TextLayoutResult
import androidx.compose.ui.text.TextStyle
import androidx.compose.ui.text.font.FontFamily
import androidx.compose.ui.text.font.FontStyle
import androidx.compose.ui.text.font.FontWeight
import androidx.compose.ui.text.input.VisualTransformation
import androidx.compose.ui.text.style.TextAlign
import androidx.compose.ui.text.style.TextDecoration
import androidx.compose.ui.text.style.TextOverflow
import androidx.compose.ui.unit.Dp
import androidx.compose.ui.unit.TextUnit
import androidx.compose.ui.window.DialogProperties

@RequiresOptIn(
    "This material API is experimental and is likely to change or to be removed in the future.",
)
annotation class ExperimentalMaterial3Api

class ButtonColors internal constructor()

class ButtonElevation internal constructor()

class NavigationBarItemColors internal constructor()

class NavigationRailItemColors internal constructor()

class SelectableChipColors internal constructor()

class SelectableChipElevation internal constructor()

class TextFieldColors internal constructor()

class SliderColors internal constructor()

@JvmInline
value class FabPosition internal constructor(private val value: Int)

@Composable
fun Text(
    text: String,
    modifier: Modifier = Modifier,
    color: Color = Color.Unspecified,
    autoSize: TextAutoSize? = null,
    fontSize: TextUnit = TextUnit.Unspecified,
    fontStyle: FontStyle? = null,
    fontWeight: FontWeight? = null,
    fontFamily: FontFamily? = null,
    letterSpacing: TextUnit = TextUnit.Unspecified,
    textDecoration: TextDecoration? = null,
    textAlign: TextAlign? = null,
    lineHeight: TextUnit = TextUnit.Unspecified,
    overflow: TextOverflow = TextOverflow.Clip,
    softWrap: Boolean = true,
    maxLines: Int = Int.MAX_VALUE,
    minLines: Int = 1,
    onTextLayout: ((TextLayoutResult) -> Unit)? = null,
    style: TextStyle = error("stub"),
): Unit = error("stub")

@Composable
fun Icon(
    painter: Painter,
    contentDescription: String?,
    modifier: Modifier = Modifier,
    tint: Color = error("stub"),
): Unit = error("stub")

@Composable
fun Icon(
    imageVector: ImageVector,
    contentDescription: String?,
    modifier: Modifier = Modifier,
    tint: Color = error("stub"),
): Unit = error("stub")

@Composable
fun Button(
    onClick: () -> Unit,
    modifier: Modifier = Modifier,
    enabled: Boolean = true,
    shape: Shape = error("stub"),
    colors: ButtonColors = error("stub"),
    elevation: ButtonElevation? = error("stub"),
    border: BorderStroke? = error("stub"),
    contentPadding: PaddingValues = error("stub"),
    interactionSource: MutableInteractionSource? = null,
    content: @Composable RowScope.() -> Unit,
): Unit = error("stub")

@Composable
fun OutlinedButton(
    onClick: () -> Unit,
    modifier: Modifier = Modifier,
    enabled: Boolean = true,
    shape: Shape = error("stub"),
    colors: ButtonColors = error("stub"),
    elevation: ButtonElevation? = error("stub"),
    border: BorderStroke? = error("stub"),
    contentPadding: PaddingValues = error("stub"),
    interactionSource: MutableInteractionSource? = null,
    content: @Composable RowScope.() -> Unit,
): Unit = error("stub")

@Composable
fun TextButton(
    onClick: () -> Unit,
    modifier: Modifier = Modifier,
    enabled: Boolean = true,
    shape: Shape = error("stub"),
    colors: ButtonColors = error("stub"),
    elevation: ButtonElevation? = error("stub"),
    border: BorderStroke? = error("stub"),
    contentPadding: PaddingValues = error("stub"),
    interactionSource: MutableInteractionSource? = null,
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
    shape: Shape = error("stub"),
    containerColor: Color = error("stub"),
    iconContentColor: Color = error("stub"),
    titleContentColor: Color = error("stub"),
    textContentColor: Color = error("stub"),
    tonalElevation: Dp = error("stub"),
    properties: DialogProperties = DialogProperties(),
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
    placeholder: @Composable (() -> Unit)? = null,
    leadingIcon: @Composable (() -> Unit)? = null,
    trailingIcon: @Composable (() -> Unit)? = null,
    prefix: @Composable (() -> Unit)? = null,
    suffix: @Composable (() -> Unit)? = null,
    supportingText: @Composable (() -> Unit)? = null,
    isError: Boolean = false,
    visualTransformation: VisualTransformation = error("stub"),
    keyboardOptions: KeyboardOptions = KeyboardOptions.Default,
    keyboardActions: KeyboardActions = KeyboardActions.Default,
    singleLine: Boolean = false,
    maxLines: Int = if (singleLine) 1 else Int.MAX_VALUE,
    minLines: Int = 1,
    interactionSource: MutableInteractionSource? = null,
    shape: Shape = error("stub"),
    colors: TextFieldColors = error("stub"),
): Unit = error("stub")

@Composable
fun Slider(
    value: Float,
    onValueChange: (Float) -> Unit,
    modifier: Modifier = Modifier,
    enabled: Boolean = true,
    valueRange: ClosedFloatingPointRange<Float> = 0f..1f,
    steps: Int = 0,
    onValueChangeFinished: (() -> Unit)? = null,
    colors: SliderColors = error("stub"),
    interactionSource: MutableInteractionSource = error("stub"),
): Unit = error("stub")

@Composable
fun LinearProgressIndicator(
    progress: () -> Float,
    modifier: Modifier = Modifier,
    color: Color = error("stub"),
    trackColor: Color = error("stub"),
    strokeCap: StrokeCap = error("stub"),
    gapSize: Dp = error("stub"),
    drawStopIndicator: DrawScope.() -> Unit = {},
): Unit = error("stub")

@Composable
fun LinearProgressIndicator(
    modifier: Modifier = Modifier,
    color: Color = error("stub"),
    trackColor: Color = error("stub"),
    strokeCap: StrokeCap = error("stub"),
    gapSize: Dp = error("stub"),
): Unit = error("stub")

@Composable
fun CircularProgressIndicator(
    modifier: Modifier = Modifier,
    color: Color = error("stub"),
    strokeWidth: Dp = error("stub"),
    trackColor: Color = error("stub"),
    strokeCap: StrokeCap = error("stub"),
    gapSize: Dp = error("stub"),
): Unit = error("stub")

@Composable
fun FilterChip(
    selected: Boolean,
    onClick: () -> Unit,
    label: @Composable () -> Unit,
    modifier: Modifier = Modifier,
    enabled: Boolean = true,
    leadingIcon: @Composable (() -> Unit)? = null,
    trailingIcon: @Composable (() -> Unit)? = null,
    shape: Shape = error("stub"),
    colors: SelectableChipColors = error("stub"),
    elevation: SelectableChipElevation? = error("stub"),
    border: BorderStroke? = error("stub"),
    interactionSource: MutableInteractionSource? = null,
): Unit = error("stub")

@Composable
fun Surface(
    modifier: Modifier = Modifier,
    shape: Shape = error("stub"),
    color: Color = error("stub"),
    contentColor: Color = error("stub"),
    tonalElevation: Dp = error("stub"),
    shadowElevation: Dp = error("stub"),
    border: BorderStroke? = null,
    content: @Composable () -> Unit,
): Unit = error("stub")

@Composable
fun Scaffold(
    modifier: Modifier = Modifier,
    topBar: @Composable () -> Unit = {},
    bottomBar: @Composable () -> Unit = {},
    snackbarHost: @Composable () -> Unit = {},
    floatingActionButton: @Composable () -> Unit = {},
    floatingActionButtonPosition: FabPosition = error("stub"),
    containerColor: Color = error("stub"),
    contentColor: Color = error("stub"),
    contentWindowInsets: WindowInsets = error("stub"),
    content: @Composable (PaddingValues) -> Unit,
): Unit = error("stub")

@Composable
fun NavigationBar(
    modifier: Modifier = Modifier,
    containerColor: Color = error("stub"),
    contentColor: Color = error("stub"),
    tonalElevation: Dp = error("stub"),
    windowInsets: WindowInsets = error("stub"),
    content: @Composable RowScope.() -> Unit,
): Unit = error("stub")

@Composable
fun RowScope.NavigationBarItem(
    selected: Boolean,
    onClick: () -> Unit,
    icon: @Composable () -> Unit,
    modifier: Modifier = Modifier,
    enabled: Boolean = true,
    label: @Composable (() -> Unit)? = null,
    alwaysShowLabel: Boolean = true,
    colors: NavigationBarItemColors = error("stub"),
    interactionSource: MutableInteractionSource? = null,
): Unit = error("stub")

@Composable
fun NavigationRail(
    modifier: Modifier = Modifier,
    containerColor: Color = error("stub"),
    contentColor: Color = error("stub"),
    header: @Composable (ColumnScope.() -> Unit)? = null,
    windowInsets: WindowInsets = error("stub"),
    content: @Composable ColumnScope.() -> Unit,
): Unit = error("stub")

@Composable
fun NavigationRailItem(
    selected: Boolean,
    onClick: () -> Unit,
    icon: @Composable () -> Unit,
    modifier: Modifier = Modifier,
    enabled: Boolean = true,
    label: @Composable (() -> Unit)? = null,
    alwaysShowLabel: Boolean = true,
    colors: NavigationRailItemColors = error("stub"),
    interactionSource: MutableInteractionSource? = null,
): Unit = error("stub")
