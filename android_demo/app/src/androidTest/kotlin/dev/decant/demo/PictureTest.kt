package dev.decant.demo

import android.content.Context
import android.content.Intent
import android.graphics.Bitmap
import android.graphics.BitmapFactory
import androidx.compose.ui.test.junit4.createComposeRule
import androidx.compose.ui.test.onNodeWithText
import androidx.exifinterface.media.ExifInterface
import androidx.test.ext.junit.runners.AndroidJUnit4
import androidx.test.platform.app.InstrumentationRegistry
import dev.decant.core.Findings
import dev.decant.core.FoundQuad
import dev.decant.core.Quad
import dev.decant.core.ScoredLabel
import dev.decant.core.WindowLayout
import java.io.File
import kotlinx.coroutines.MainScope
import kotlinx.coroutines.runBlocking
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Rule
import org.junit.Test
import org.junit.runner.RunWith

private const val WIDTH = 320
private const val HEIGHT = 200

/** Shows pictures that stand still, and passes them on; needs the model's sidecar in the assets. */
@RunWith(AndroidJUnit4::class)
class PictureTest {
    @get:Rule val rule = createComposeRule()

    private val context: Context = InstrumentationRegistry.getInstrumentation().targetContext
    private val sidecar by lazy { ownSidecar(context) }

    private fun still(findings: Findings): StillPicture {
        val times = AnswerTimes(preprocessMs = 1.0, inferenceMs = 2.0, decodeMs = 3.0)
        val answer = Answer(findings, WIDTH, HEIGHT, sidecar.cpu, times)
        val black = IntArray(WIDTH * HEIGHT) { 0xFF000000.toInt() }
        val photo = Bitmap.createBitmap(black, WIDTH, HEIGHT, Bitmap.Config.ARGB_8888)
        val answered = AnsweredPhoto(photo, answer, sidecar.labels) { null }
        return StillPicture.of(answered, FeedbackStore(context), MainScope())
    }

    private fun box(): FoundQuad {
        val corners = listOf(listOf(40f, 60f), listOf(240f, 60f), listOf(240f, 160f), listOf(40f, 160f))
        return FoundQuad(sidecar.labels.first(), 0.9f, Quad(corners))
    }

    @Test
    fun aPictureThatIsNamedShowsItsLabelsInsteadOfBoxes() {
        val labels = listOf(ScoredLabel("tench", 0.75f), ScoredLabel("goldfish", 0.125f))
        rule.setContent {
            DemoTheme { StillPictureView(still(Findings.Ranking(labels)), WindowLayout.of(1200f, 800f)) {} }
        }
        rule.onNodeWithText("tench", substring = true).assertExists()
        rule.onNodeWithText(context.getString(R.string.score, 0.125f), substring = true).assertExists()
    }

    @Test
    fun aPictureOfAModelWithoutDecoderSaysSo() {
        rule.setContent {
            DemoTheme { StillPictureView(still(Findings.Undecoded), WindowLayout.of(1200f, 800f)) {} }
        }
        rule.onNodeWithText(context.getString(R.string.no_decoder)).assertExists()
    }

    @Test
    fun aSharedPictureShowsTheBoxAndHasNoExif() {
        val intent = runBlocking { SharedPicture(context).intent(still(Findings.Boxes(listOf(box())))) }
        assertEquals(Intent.ACTION_CHOOSER, intent.action)
        val file = checkNotNull(File(context.cacheDir, "shared").listFiles()).maxBy { it.lastModified() }
        val exif = file.inputStream().use(::ExifInterface)
        assertNull(exif.getAttribute(ExifInterface.TAG_DATETIME))
        val shared = checkNotNull(BitmapFactory.decodeFile(file.path, null))
        assertEquals(WIDTH to HEIGHT, shared.width to shared.height)
        // The upper side of the box, over black.
        assertTrue(shared.getPixel(200, 60) and 0xFF00 > 0x4000)
    }
}
