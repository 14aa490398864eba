package dev.decant.demo

import android.app.Application
import androidx.annotation.StringRes
import androidx.camera.core.ImageProxy
import androidx.lifecycle.AndroidViewModel
import androidx.lifecycle.SavedStateHandle
import androidx.lifecycle.viewModelScope
import dev.decant.core.CameraFacing
import dev.decant.core.LiveAnswer
import dev.decant.core.PhotoException
import dev.decant.core.RollingTimes
import dev.decant.core.reporting
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.update

private const val WINDOW = 120

/** Why there is no live picture. */
data class LiveFailure(@param:StringRes val title: Int, val reason: String)

/** Of the last [count] answers: milliseconds that one took, and how many came per second. */
data class LiveFigures(
    val median: Double,
    val p90: Double,
    val p99: Double,
    val perSecond: Double,
    val count: Int,
)

/** An answer, and the figures of it and of those before it. */
class TimedAnswer(val answer: Answer, val figures: LiveFigures)

/**
 * What the live screen shows.
 *
 * @property wanted which way the camera is to look.
 * @property camera what is known of the one that is on; null until it is.
 * @property frozen the frame that the shutter kept, which is shown in place of the camera.
 */
data class LiveState(
    val live: LiveAnswer<TimedAnswer> = LiveAnswer(),
    val wanted: CameraFacing = CameraFacing.BACK,
    val camera: CameraFacts? = null,
    val torch: Boolean = false,
    val failure: LiveFailure? = null,
    val frozen: StillPicture? = null,
)

/**
 * Answers camera frames on the model's thread; CameraX drops the frames that come meanwhile.
 *
 * Which camera was chosen survives the death of the process.
 */
class LiveViewModel(application: Application, private val saved: SavedStateHandle) :
    AndroidViewModel(application) {
    private val host = (application as DemoApplication).modelHost
    private val store = (application as DemoApplication).feedback
    private val mutableState =
        MutableStateFlow(LiveState(wanted = saved.get<CameraFacing>(WANTED) ?: CameraFacing.BACK))

    // On the model's thread only.
    private val rolling = RollingTimes(WINDOW)
    private var rollingRun = 0

    /** When the shutter was pressed, if its frame is still to come. */
    @Volatile private var pressedNs: Long? = null

    /** When it was last pressed; null where the user has looked away since. */
    @Volatile private var waitingSinceNs: Long? = null

    val state: StateFlow<LiveState> = mutableState.asStateFlow()
    val ladder: StateFlow<LadderState?> = host.ladder
    val threshold: StateFlow<Double?> = host.threshold.asStateFlow()

    val sink = FrameSink(
        executor = host.executor,
        onCamera = { facts -> mutableState.update { it.copy(camera = facts) } },
        onFrame = ::analyze,
        onFailure = { fail(R.string.camera_failed_title, it) },
    )

    private fun analyze(image: ImageProxy, camera: CameraFacts, run: Int) {
        // Closing the image is what asks CameraX for the next one.
        image.use {
            val live = state.value.live
            val age = camera.clock.millisecondsSince(image.imageInfo.timestamp)
            if (run != live.run || !live.includes(age, System.nanoTime())) return
            val model = host.loaded() ?: return
            reporting({ fail(R.string.model_failed_title, it) }) {
                try {
                    answer(model, image, camera, run)
                } catch (error: PhotoException) {
                    fail(R.string.still_failed_title, getApplication<Application>().getString(error.fault.text))
                }
            }
        }
    }

    private fun answer(model: LoadedModel, image: ImageProxy, camera: CameraFacts, run: Int) {
        val frame = image.toFrame()
        val exposedNs = image.imageInfo.timestamp
        val shown = Shown(camera.turn(image.imageInfo.rotationDegrees), camera.mirrored)
        val answer = model.answer(frame, host.threshold.value)
            .copy(exposedNs = exposedNs, shown = shown)
        answer.mask // Made here, not on the main thread.
        if (pressedNs == null) {
            val timed = TimedAnswer(answer, figures(answer.times, run))
            mutableState.update { it.copy(live = it.live.answered(run, timed)) }
            return
        }
        pressedNs = null
        val photo = AnsweredPhoto(frame.toBitmap(), answer, model.sidecar.labels) {
            waitingSinceNs?.let { camera.clock.millisecondsSince(exposedNs) ?: millisecondsSince(it) }
        }
        val still = StillPicture.of(photo, store, viewModelScope)
        mutableState.update { if (it.live.run == run) it.copy(frozen = still) else it }
    }

    private fun figures(times: AnswerTimes, run: Int): LiveFigures {
        if (run != rollingRun) rolling.clear()
        rollingRun = run
        rolling.add(times.sumMs, System.nanoTime())
        return with(rolling) { LiveFigures(median, p90, p99, perSecond, count) }
    }

    fun setThreshold(threshold: Double) {
        host.threshold.value = threshold
    }

    /** Keeps the next frame, its answer and its time; the camera stops until [resume]. */
    fun press() {
        waitingSinceNs = System.nanoTime()
        pressedNs = waitingSinceNs
    }

    /** Says that the user looks away: a shutter whose frame has not come is forgotten. */
    fun lookAway() {
        pressedNs = null
        waitingSinceNs = null
    }

    /** Says that the camera was left: what it answered is not shown again. */
    fun leave() = restart { it }

    /** Leaves the frozen frame. */
    fun resume() = restart { it.copy(frozen = null) }

    /** Tries the camera once more after a failure. */
    fun retry() = restart { it.copy(failure = null) }

    /** Takes the camera that looks the other way. */
    fun switchCamera() {
        restart { it.copy(wanted = (it.camera?.facing ?: it.wanted).other, camera = null) }
        saved[WANTED] = state.value.wanted
    }

    fun setTorch(on: Boolean) = mutableState.update { it.copy(torch = on) }

    private fun restart(change: (LiveState) -> LiveState) = mutableState.update {
        val live = it.live.restarted(System.nanoTime())
        change(it).copy(live = live, torch = false)
    }

    private fun fail(@StringRes title: Int, reason: String) {
        mutableState.update { it.copy(failure = LiveFailure(title, reason)) }
    }

    /** Takes the time when an answer's boxes were drawn. */
    fun onShown(timed: TimedAnswer) = mutableState.update {
        val since = timed.answer.exposedNs?.let { at -> it.camera?.clock?.millisecondsSince(at) }
        it.copy(live = it.live.drawn(timed, since))
    }

    private companion object {
        const val WANTED = "wanted"
    }
}
