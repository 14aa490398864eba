package dev.decant.demo

import android.content.Context
import android.graphics.Bitmap
import android.graphics.BitmapFactory
import android.net.Uri
import androidx.compose.runtime.CompositionLocalProvider
import androidx.compose.ui.geometry.Offset
import androidx.compose.ui.platform.LocalLayoutDirection
import androidx.compose.ui.semantics.SemanticsActions
import androidx.compose.ui.test.SemanticsMatcher
import androidx.compose.ui.test.click
import androidx.compose.ui.test.hasContentDescription
import androidx.compose.ui.test.hasText
import androidx.compose.ui.test.junit4.createComposeRule
import androidx.compose.ui.test.onNodeWithText
import androidx.compose.ui.test.performClick
import androidx.compose.ui.test.performScrollTo
import androidx.compose.ui.test.performTouchInput
import androidx.compose.ui.unit.LayoutDirection
import androidx.test.ext.junit.runners.AndroidJUnit4
import androidx.test.platform.app.InstrumentationRegistry
import dev.decant.core.FeedbackSummary
import dev.decant.core.Findings
import dev.decant.core.FoundQuad
import dev.decant.core.Quad
import dev.decant.core.Retention
import dev.decant.core.Sidecar
import dev.decant.core.WindowLayout
import java.io.File
import java.util.zip.ZipFile
import kotlinx.coroutines.MainScope
import kotlinx.coroutines.runBlocking
import org.junit.After
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Rule
import org.junit.Test
import org.junit.runner.RunWith

private const val WAIT_MS = 10_000L
private const val WIDTH = 320
private const val HEIGHT = 200

/** Corrects, keeps and exports an answer; needs the model's sidecar in the assets. */
@RunWith(AndroidJUnit4::class)
class FeedbackTest {
    @get:Rule val rule = createComposeRule()

    private val context: Context = InstrumentationRegistry.getInstrumentation().targetContext
    private val sidecar: Sidecar by lazy { ownSidecar(context) }
    private val store = FeedbackStore(context)
    private val kept: List<FeedbackSummary> get() = store.state.value.records.orEmpty()

    @Before
    @After
    fun forget() = runBlocking { store.withdraw() }

    private fun text(id: Int) = context.getString(id)

    private fun edit(
        direction: LayoutDirection = LayoutDirection.Ltr,
        layout: WindowLayout = WindowLayout.of(400f, 800f),
    ): AnswerEditor {
        val corners =
            listOf(listOf(20f, 20f), listOf(120f, 20f), listOf(120f, 80f), listOf(20f, 80f))
        val answer = Answer(
            Findings.Boxes(listOf(FoundQuad(sidecar.labels.first(), 0.9f, Quad(corners)))),
            WIDTH,
            HEIGHT,
            sidecar.cpu,
            AnswerTimes(1.0, 2.0, 3.0),
        )
        val pixels = IntArray(WIDTH * HEIGHT)
        val photo = Bitmap.createBitmap(pixels, WIDTH, HEIGHT, Bitmap.Config.ARGB_8888)
        val editor = AnswerEditor(
            AnsweredPhoto(photo, answer, sidecar.labels) { 50.0 },
            store,
            MainScope(),
        )
        rule.setContent {
            CompositionLocalProvider(LocalLayoutDirection provides direction) {
                DemoTheme { AnswerEditScreen(editor, layout) }
            }
        }
        return editor
    }

    private fun click(id: Int) = rule.onNodeWithText(text(id)).performScrollTo().performClick()

    /** Consent is looked up on another thread before the dialogue appears. */
    private fun awaitTheDialogue() = rule.waitUntil(WAIT_MS) {
        rule.onAllNodes(hasText(text(R.string.feedback_consent_title)))
            .fetchSemanticsNodes().isNotEmpty()
    }

    private fun answerTheDialogue(id: Int) {
        awaitTheDialogue()
        rule.onNodeWithText(text(id)).performClick()
    }

    @Test
    fun nothingIsWrittenWithoutConsent() {
        edit()
        click(R.string.edit_keep_right)
        val limits = Retention.USUAL
        val shown = context.getString(
            R.string.feedback_consent_text,
            limits.maxRecords,
            limits.megabytes,
            limits.days,
            contact(),
        )
        awaitTheDialogue()
        rule.onNodeWithText(shown).assertExists()
        answerTheDialogue(R.string.feedback_consent_refuse)
        rule.waitForIdle()
        assertTrue(kept.isEmpty())
        assertEquals(emptyList<File>(), photosAndRecords())
    }

    private fun contact() =
        text(R.string.feedback_contact).ifBlank { text(R.string.feedback_no_contact) }

    private fun photosAndRecords() = File(context.noBackupFilesDir, "feedback").walk()
        .filter { it.isFile && it.name != "settings.json" }.toList()

    @Test
    fun withConsentTheCorrectedPhotoIsKeptUntilWithdrawn() {
        edit()
        click(R.string.edit_draw_in_middle)
        val keep = context.resources.getQuantityString(R.plurals.edit_keep, 1, 1)
        rule.onNodeWithText(keep).performScrollTo().performClick()
        answerTheDialogue(R.string.feedback_consent_agree)
        rule.waitUntil(WAIT_MS) { kept.size == 1 }
        val content = checkNotNull(kept.single().content)
        assertEquals(1, content.corrections)
        assertEquals(CONSENT_WORDING, content.consent.wording)
        assertTrue(content.consent.givenMs <= content.keptMs)
        val photo = BitmapFactory.decodeFile(kept.single().stored.image.path, null)
        assertEquals(WIDTH to HEIGHT, photo?.let { it.width to it.height })
        runBlocking { store.withdraw() }
        assertTrue(kept.isEmpty())
        assertEquals(emptyList<File>(), photosAndRecords())
    }

    @Test
    fun nothingOfFeedbackLiesWhereABackupReaches() {
        runBlocking { store.agree() }
        edit()
        click(R.string.edit_keep_right)
        rule.waitUntil(WAIT_MS) { kept.size == 1 }
        val id = kept.single().stored.id
        val reached = File(context.applicationInfo.dataDir).walk()
            .onEnter { it != context.noBackupFilesDir && it != context.cacheDir }
            .filter { it.isFile && ("feedback" in it.name || id in it.name) }
        assertEquals(emptyList<File>(), reached.toList())
    }

    @Test
    fun handlesLieOnTheirCornersWhereTextRunsFromTheRight() {
        edit(LayoutDirection.Rtl)
        val photo = bounds(text(R.string.edit_photo))
        val corner = bounds(text(R.string.edit_corner_top_left))
        // The corner at 20, 20 is in the middle of its handle.
        val scale = photo.width / WIDTH
        assertEquals(photo.left + 20 * scale, corner.center.x, 1f)
        assertEquals(photo.top + 20 * scale, corner.center.y, 1f)
    }

    @Test
    fun aWideWindowShowsTheWholePhotoBesideItsTools() {
        edit(layout = WindowLayout.of(800f, 400f))
        val photo = bounds(text(R.string.edit_photo))
        // What the window cuts off is not in these bounds.
        assertEquals(WIDTH.toFloat() / HEIGHT, photo.width / photo.height, 0.02f)
        val tool = rule.onNodeWithText(text(R.string.edit_draw)).fetchSemanticsNode().boundsInRoot
        assertTrue("$tool $photo", tool.left >= photo.right)
    }

    private fun bounds(description: String) =
        rule.onNode(hasContentDescription(description, substring = true))
            .fetchSemanticsNode().boundsInRoot

    @Test
    fun aTapOnACornerSelectsItsBoxAndMovesNothing() {
        val editor = edit()
        rule.onNode(hasContentDescription(text(R.string.edit_photo))).performScrollTo()
            .performTouchInput { click(Offset(width * 21f / WIDTH, height * 21f / HEIGHT)) }
        rule.waitForIdle()
        val state = editor.state.value
        assertEquals(state.edit.boxes.single().id, state.selected)
        assertTrue(!state.edit.canUndo)
    }

    @Test
    fun everyCornerCanBeMovedWithoutDragging() {
        val editor = edit()
        val corner =
            rule.onNode(hasContentDescription(text(R.string.edit_corner_top_left), substring = true))
        val actions = corner.fetchSemanticsNode().config[SemanticsActions.CustomActions]
        rule.runOnUiThread { actions.first { it.label == text(R.string.edit_far_right) }.action() }
        val x = editor.state.value.edit.boxes.single().quad.corners[0][0]
        assertEquals(20f + WIDTH * 0.05f, x, 0.01f)
        val name = context.getString(R.string.edit_box, 1, 1)
        val movable = hasContentDescription(name, substring = true) and
            SemanticsMatcher.keyIsDefined(SemanticsActions.CustomActions)
        // Four corners, and the box itself, which can be deleted.
        assertEquals(5, rule.onAllNodes(movable).fetchSemanticsNodes().size)
    }

    @Test
    fun anArchiveHoldsWhatIsKept() {
        runBlocking { store.agree() }
        edit()
        click(R.string.edit_keep_right)
        rule.waitUntil(WAIT_MS) { kept.size == 1 }
        val zip = File(context.cacheDir, "feedback.zip")
        val exported = FeedbackArchive(context.contentResolver)
            .write(kept, sidecar, Uri.fromFile(zip)) {}
        assertEquals(Exported(records = 1, others = 0), exported)
        val names = ZipFile(zip).use { file -> file.entries().asSequence().map { it.name }.toList() }
        val id = kept.single().stored.id
        assertEquals(setOf("manifest.json", "records/$id.json", "images/$id.jpg"), names.toSet())
    }
}
