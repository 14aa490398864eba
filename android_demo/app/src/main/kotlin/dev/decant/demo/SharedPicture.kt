package dev.decant.demo

import android.content.ClipData
import android.content.Context
import android.content.Intent
import android.graphics.Bitmap
import android.graphics.Canvas
import android.graphics.Color
import android.graphics.Paint
import android.graphics.Path
import androidx.core.content.FileProvider
import dev.decant.core.AnnotationStyle
import dev.decant.core.Extent
import dev.decant.core.Findings
import dev.decant.core.JpegPrivacy
import dev.decant.core.Point
import dev.decant.core.Quad
import dev.decant.core.onPhoto
import dev.decant.core.tagPlace
import java.io.File
import java.io.IOException
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext

private const val BOX_COLOUR = 0xFFFFC107.toInt()

// An app that was given a picture may still be reading it.
private const val KEPT_MS = 3_600_000L

/** Passes a photo on with what is drawn in it, encoded anew: nothing of the original file is in it. */
class SharedPicture(private val context: Context) {
    private val folder = File(context.cacheDir, "shared")

    /**
     * Writes the picture and asks the user for an app to give it to.
     *
     * @throws dev.decant.core.PhotoException if there is too little memory.
     * @throws IOException if it cannot be encoded or written.
     */
    suspend fun intent(still: StillPicture): Intent = withContext(Dispatchers.Default) {
        val now = System.currentTimeMillis()
        folder.listFiles().orEmpty().filter { now - it.lastModified() > KEPT_MS }.forEach { it.delete() }
        if (!folder.isDirectory && !folder.mkdirs()) throw IOException("$folder: cannot be made")
        val file = File(folder, "decant-$now.jpg")
        file.writeBytes(JpegPrivacy.strip(annotated(still).toJpeg()))
        val uri = FileProvider.getUriForFile(context, "${BuildConfig.APPLICATION_ID}.shared", file)
        val send = Intent(Intent.ACTION_SEND)
            .setType("image/jpeg")
            .putExtra(Intent.EXTRA_STREAM, uri)
            .addFlags(Intent.FLAG_GRANT_READ_URI_PERMISSION)
        // The system's sheet shows a preview, which it may read only so.
        send.clipData = ClipData.newRawUri(null, uri)
        Intent.createChooser(send, null)
    }

    private fun annotated(still: StillPicture): Bitmap {
        val picture = copy(still.answered.photo)
        val pen = PicturePen(picture)
        val editor = still.editor
        if (editor != null) {
            for (box in editor.state.value.edit.boxes) pen.box(box.quad, boxTag(box.label, box.score))
        } else {
            still.answered.answer.mask?.let(pen::mask)
            pen.lines(lines(still.answered.answer.findings))
        }
        return picture
    }

    private fun lines(findings: Findings): List<String> = when (findings) {
        is Findings.Ranking ->
            findings.labels.map { context.getString(R.string.shared_label, it.label, it.score) }
        is Findings.Mask ->
            findings.shares.map { context.getString(R.string.shared_label, it.label, it.share) }
        is Findings.Reading -> listOf(findings.text).filter { it.isNotEmpty() }
        is Findings.Boxes, Findings.Undecoded -> emptyList()
    }
}

private fun copy(photo: Bitmap): Bitmap = onPhoto { photo.copy(Bitmap.Config.ARGB_8888, true) }

/** Draws boxes and words into a picture. */
private class PicturePen(private val picture: Bitmap) {
    private val style = AnnotationStyle.of(picture.width, picture.height)
    private val extent = Extent(picture.width.toFloat(), picture.height.toFloat())
    private val canvas = Canvas(picture)
    private val line = Paint(Paint.ANTI_ALIAS_FLAG).apply {
        this.style = Paint.Style.STROKE
        strokeWidth = this@PicturePen.style.line
        color = BOX_COLOUR
    }
    private val ground = Paint().apply { color = BOX_COLOUR }
    private val words = Paint(Paint.ANTI_ALIAS_FLAG).apply {
        textSize = this@PicturePen.style.text
        color = Color.BLACK
    }

    fun box(quad: Quad, tag: String) {
        val corners = quad.corners.map { (x, y) -> Point(x, y) }
        val path = Path()
        path.moveTo(corners[0].x, corners[0].y)
        for (corner in corners.drop(1)) path.lineTo(corner.x, corner.y)
        path.close()
        canvas.drawPath(path, line)
        val size = Extent(words.measureText(tag), words.textSize)
        text(tag, tagPlace(corners, size, extent))
    }

    fun mask(mask: Bitmap) = canvas.drawBitmap(mask, 0f, 0f, null)

    fun lines(texts: List<String>) =
        texts.forEachIndexed { index, text -> text(text, Point(0f, index * words.textSize)) }

    private fun text(text: String, at: Point) {
        canvas.drawRect(at.x, at.y, at.x + words.measureText(text), at.y + words.textSize, ground)
        canvas.drawText(text, at.x, at.y - words.ascent() * words.textSize / lineHeight(), words)
    }

    private fun lineHeight() = words.descent() - words.ascent()
}
