package androidx.compose.ui.text

import androidx.compose.runtime.Composable
import androidx.compose.ui.geometry.Offset
import androidx.compose.ui.geometry.Size
import androidx.compose.ui.graphics.BlendMode
import androidx.compose.ui.graphics.Brush
import androidx.compose.ui.graphics.Color
import androidx.compose.ui.graphics.Shadow
import androidx.compose.ui.graphics.drawscope.DrawScope
import androidx.compose.ui.graphics.drawscope.DrawStyle
import androidx.compose.ui.text.font.FontFamily
import androidx.compose.ui.text.font.FontStyle
import androidx.compose.ui.text.font.FontSynthesis
import androidx.compose.ui.text.font.FontWeight
import androidx.compose.ui.text.intl.LocaleList
import androidx.compose.ui.text.style.BaselineShift
import androidx.compose.ui.text.style.Hyphens
import androidx.compose.ui.text.style.LineBreak
import androidx.compose.ui.text.style.LineHeightStyle
import androidx.compose.ui.text.style.TextAlign
import androidx.compose.ui.text.style.TextDecoration
import androidx.compose.ui.text.style.TextDirection
import androidx.compose.ui.text.style.TextGeometricTransform
import androidx.compose.ui.text.style.TextIndent
import androidx.compose.ui.text.style.TextMotion
import androidx.compose.ui.text.style.TextOverflow
import androidx.compose.ui.unit.Constraints
import androidx.compose.ui.unit.Density
import androidx.compose.ui.unit.IntSize
import androidx.compose.ui.unit.LayoutDirection
import androidx.compose.ui.unit.TextUnit

class AnnotatedString internal constructor() : CharSequence {
    val text: String get() = error("stub")
    override val length: Int get() = error("stub")

    override fun get(index: Int): Char = error("stub")

    override fun subSequence(startIndex: Int, endIndex: Int): AnnotatedString = error("stub")
}

class PlatformTextStyle

class TextStyle internal constructor() {
    val color: Color get() = error("stub")
    val fontSize: TextUnit get() = error("stub")

    fun copy(
        color: Color = error("stub"),
        fontSize: TextUnit = error("stub"),
        fontWeight: FontWeight? = error("stub"),
        fontStyle: FontStyle? = error("stub"),
        fontSynthesis: FontSynthesis? = error("stub"),
        fontFamily: FontFamily? = error("stub"),
        fontFeatureSettings: String? = error("stub"),
        letterSpacing: TextUnit = error("stub"),
        baselineShift: BaselineShift? = error("stub"),
        textGeometricTransform: TextGeometricTransform? = error("stub"),
        localeList: LocaleList? = error("stub"),
        background: Color = error("stub"),
        textDecoration: TextDecoration? = error("stub"),
        shadow: Shadow? = error("stub"),
        drawStyle: DrawStyle? = error("stub"),
        textAlign: TextAlign = error("stub"),
        textDirection: TextDirection = error("stub"),
        lineHeight: TextUnit = error("stub"),
        textIndent: TextIndent? = error("stub"),
        platformStyle: PlatformTextStyle? = error("stub"),
        lineHeightStyle: LineHeightStyle? = error("stub"),
        lineBreak: LineBreak = error("stub"),
        hyphens: Hyphens = error("stub"),
        textMotion: TextMotion? = error("stub"),
    ): TextStyle = error("stub")

    companion object {
        val Default: TextStyle get() = error("stub")
    }
}

class TextLayoutResult internal constructor() {
    val size: IntSize get() = error("stub")
    val lineCount: Int get() = error("stub")
}

class TextMeasurer internal constructor() {
    fun measure(
        text: String,
        style: TextStyle = TextStyle.Default,
        overflow: TextOverflow = error("stub"),
        softWrap: Boolean = true,
        maxLines: Int = Int.MAX_VALUE,
        constraints: Constraints = error("stub"),
        layoutDirection: LayoutDirection = error("stub"),
        density: Density = error("stub"),
        fontFamilyResolver: FontFamily.Resolver = error("stub"),
        skipCache: Boolean = false,
    ): TextLayoutResult = error("stub")
}

@Composable
fun rememberTextMeasurer(cacheSize: Int = 8): TextMeasurer = error("stub")

fun DrawScope.drawText(
    textMeasurer: TextMeasurer,
    text: String,
    topLeft: Offset = Offset.Zero,
    style: TextStyle = TextStyle.Default,
    overflow: TextOverflow = error("stub"),
    softWrap: Boolean = true,
    maxLines: Int = Int.MAX_VALUE,
    size: Size = Size.Unspecified,
    blendMode: BlendMode = error("stub"),
): Unit = error("stub")

fun DrawScope.drawText(
    textLayoutResult: TextLayoutResult,
    color: Color = Color.Unspecified,
    topLeft: Offset = Offset.Zero,
    alpha: Float = Float.NaN,
    shadow: Shadow? = null,
    textDecoration: TextDecoration? = null,
    drawStyle: DrawStyle? = null,
    blendMode: BlendMode = error("stub"),
): Unit = error("stub")

fun DrawScope.drawText(
    textLayoutResult: TextLayoutResult,
    brush: Brush,
    topLeft: Offset = Offset.Zero,
    alpha: Float = Float.NaN,
    shadow: Shadow? = null,
    textDecoration: TextDecoration? = null,
    drawStyle: DrawStyle? = null,
    blendMode: BlendMode = error("stub"),
): Unit = error("stub")
