package dev.decant.demo

import android.app.Application
import androidx.annotation.StringRes
import androidx.camera.core.ImageProxy
import androidx.lifecycle.AndroidViewModel
import androidx.lifecycle.viewModelScope
import dev.decant.core.reporting
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.update

/** Why there is no live picture. */
data class LiveFailure(@param:StringRes val title: Int, val reason: String)

/**
 * What the live screen shows.
 *
 * @property frozen the frame that the shutter kept, which is shown in place of the camera.
 */
data class LiveState(
    val answer: Answer? = null,
    val shutterToScreenMs: Double? = null,
    val failure: LiveFailure? = null,
    val frozen: AnswerEditor? = null,
)

/** Answers camera frames on the model's thread; CameraX drops the frames that come meanwhile. */
class LiveViewModel(application: Application) : AndroidViewModel(application) {
    private val host = (application as DemoApplication).modelHost
    private val store = (application as DemoApplication).feedback
    private val mutableState = MutableStateFlow(LiveState())

    @Volatile private var camera: CameraFacts? = null

    /** When the shutter was pressed, if its frame is still to come. */
    @Volatile private var pressedNs: Long? = null

    /** When it was last pressed; null where the user has looked away since. */
    @Volatile private var waitingSinceNs: Long? = null

    val state: StateFlow<LiveState> = mutableState.asStateFlow()

    val sink = FrameSink(
        executor = host.executor,
        onFrame = ::analyze,
        onFailure = { fail(R.string.camera_failed_title, it) },
    )

    private fun analyze(image: ImageProxy, camera: CameraFacts) {
        this.camera = camera
        // Closing the image is what asks CameraX for the next one.
        image.use {
            val model = host.loaded() ?: return
            reporting({ fail(R.string.model_failed_title, it) }) { answer(model, image, camera) }
        }
    }

    private fun answer(model: LoadedModel, image: ImageProxy, camera: CameraFacts) {
        val frame = image.toFrame()
        val exposedNs = image.imageInfo.timestamp
        val shown = Shown(camera.turn(image.imageInfo.rotationDegrees), camera.mirrored)
        val answer = model.answer(frame).copy(exposedNs = exposedNs, shown = shown)
        if (pressedNs == null) {
            mutableState.update { it.copy(answer = answer) }
            return
        }
        pressedNs = null
        val photo = AnsweredPhoto(frame.toBitmap(), answer, model.sidecar.labels) {
            waitingSinceNs?.let { camera.clock.millisecondsSince(exposedNs) ?: millisecondsSince(it) }
        }
        mutableState.update { it.copy(frozen = AnswerEditor(photo, store, viewModelScope)) }
    }

    /** Keeps the next frame, its answer and its time; the camera stops until [resume]. */
    fun press() {
        waitingSinceNs = System.nanoTime()
        pressedNs = waitingSinceNs
    }

    /** Says that the user has left the screen: a shutter whose frame has not come is forgotten. */
    fun leave() {
        pressedNs = null
        waitingSinceNs = null
    }

    /** Leaves the frozen frame. */
    fun resume() = mutableState.update { it.copy(answer = null, frozen = null) }

    /** Tries the camera once more after a failure. */
    fun retry() = mutableState.update { it.copy(answer = null, failure = null) }

    private fun fail(@StringRes title: Int, reason: String) {
        mutableState.update { it.copy(failure = LiveFailure(title, reason)) }
    }

    /** Takes the time when an answer's boxes were drawn. */
    fun onShown(answer: Answer) {
        val since = answer.exposedNs?.let { camera?.clock?.millisecondsSince(it) }
        mutableState.update { it.copy(shutterToScreenMs = since) }
    }
}
