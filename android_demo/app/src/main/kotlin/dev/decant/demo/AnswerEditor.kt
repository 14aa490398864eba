package dev.decant.demo

import android.graphics.Bitmap
import dev.decant.core.AnswerEdit
import dev.decant.core.FeedbackRecord
import dev.decant.core.PhotoException
import dev.decant.core.PhotoFault
import dev.decant.core.Retention
import dev.decant.core.StageTimes
import dev.decant.core.reporting
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.launch

/**
 * A photo that stands still, and what the model found in it.
 *
 * @property labels that a box can have.
 * @property sinceShutterMs milliseconds from its shutter until now; null where the user did not wait
 *   for the answer, or the shutter's time is unknown.
 */
class AnsweredPhoto(
    val photo: Bitmap,
    val answer: Answer,
    val labels: List<String>,
    val sinceShutterMs: () -> Double?,
)

/** How far keeping a photo is. */
sealed interface Keeping {
    data object NotAsked : Keeping

    data object NeedsConsent : Keeping

    data object Working : Keeping

    data object Done : Keeping

    /** The photo itself is what cannot be kept. */
    data class Unusable(val fault: PhotoFault) : Keeping

    data class Failed(val reason: String) : Keeping
}

/**
 * An answer while it is being corrected.
 *
 * @property selected the box whose corners are easiest to grasp, and that can be deleted.
 * @property drawing whether the next drag draws a box.
 * @property label of boxes that are drawn.
 * @property isShown whether the photo was on the screen with its boxes.
 * @property shutterToScreenMs null until then, and where it is unknown.
 */
data class EditorState(
    val edit: AnswerEdit,
    val label: String,
    val selected: Int? = null,
    val drawing: Boolean = false,
    val remark: String = "",
    val isShown: Boolean = false,
    val shutterToScreenMs: Double? = null,
    val keeping: Keeping = Keeping.NotAsked,
) {
    /** A photo that is kept cannot be corrected and kept once more: it would count twice. */
    val isOpen: Boolean get() = keeping != Keeping.Done && keeping != Keeping.Working
}

/** Lets the user correct one answer and keep it as feedback. */
class AnswerEditor(
    val answered: AnsweredPhoto,
    private val store: FeedbackStore,
    private val scope: CoroutineScope,
) {
    private val answer = answered.answer
    private val mutableState = MutableStateFlow(
        EditorState(
            AnswerEdit(answer.predictions, answer.width to answer.height),
            label = answered.labels.first(),
        ),
    )

    val state: StateFlow<EditorState> = mutableState.asStateFlow()

    /** Takes the time when the photo was first drawn with its boxes. */
    fun onShown() = mutableState.update {
        if (it.isShown) it
        else it.copy(isShown = true, shutterToScreenMs = answered.sinceShutterMs())
    }

    fun select(box: Int?) = mutableState.update { it.copy(selected = box) }

    fun setDrawing(drawing: Boolean) = mutableState.update { it.copy(drawing = drawing) }

    fun setLabel(label: String) = mutableState.update { it.copy(label = label) }

    fun write(remark: String) {
        if (remark.length > AnswerEdit.LONGEST_REMARK) return
        mutableState.update { it.copy(remark = remark) }
    }

    fun undo() = change { it.undo() }

    fun delete(box: Int) = change { it.delete(box) }

    /** Changes the boxes; one that is new is selected. */
    fun change(action: (AnswerEdit) -> AnswerEdit) = mutableState.update { now ->
        if (!now.isOpen) return@update now
        val edit = action(now.edit)
        val ids = edit.boxes.map { it.id }
        val drawn = (ids - now.edit.boxes.map { it.id }.toSet()).singleOrNull()
        now.copy(
            edit = edit,
            selected = drawn ?: now.selected?.takeIf { it in ids },
            drawing = now.drawing && drawn == null,
        )
    }

    /** How much is kept, and for how long, as the user is asked. */
    val limits: Retention get() = store.state.value.retention

    /** Keeps the photo, the answer and the corrections; asks for consent where there is none. */
    fun keep() = work { now ->
        if (store.hasConsent()) write(record(now)) else Keeping.NeedsConsent
    }

    /** The user's answer to the question for consent; without it nothing is written. */
    fun onConsent(agreed: Boolean) {
        if (!agreed) return mutableState.update { it.copy(keeping = Keeping.NotAsked) }
        work { now ->
            store.agree()
            write(record(now))
        }
    }

    private fun work(action: suspend (EditorState) -> Keeping) {
        val now = mutableState.value
        if (!now.isOpen || !now.isShown) return
        mutableState.update { it.copy(keeping = Keeping.Working) }
        scope.launch {
            val result = reporting<Keeping>(Keeping::Failed) { action(now) }
            mutableState.update { it.copy(keeping = result) }
        }
    }

    private suspend fun write(record: FeedbackRecord): Keeping = try {
        store.keep(record, answered.photo)
        Keeping.Done
    } catch (error: PhotoException) {
        Keeping.Unusable(error.fault)
    }

    private fun record(now: EditorState) = FeedbackRecord(
        imageSize = answer.width to answer.height,
        modelSha256 = answer.variant.sha256,
        accelerator = answer.variant.accelerator,
        predictions = answer.predictions,
        corrections = now.edit.corrections(now.remark),
        times = StageTimes(
            shutterToScreen = now.shutterToScreenMs,
            preprocess = answer.times.preprocessMs,
            inference = answer.times.inferenceMs,
            decode = answer.times.decodeMs,
        ),
    )
}
