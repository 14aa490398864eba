package dev.decant.demo

import android.app.Application
import androidx.annotation.StringRes
import androidx.camera.core.ImageProxy
import androidx.lifecycle.AndroidViewModel
import dev.decant.core.EngineException
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.update

/** Why there is no live picture. */
data class LiveFailure(@param:StringRes val title: Int, val reason: String)

/** What the live screen shows. */
data class LiveState(
    val answer: Answer? = null,
    val shutterToScreenMs: Double? = null,
    val failure: LiveFailure? = null,
)

/** Answers camera frames on the model's thread; CameraX drops the frames that come meanwhile. */
class LiveViewModel(application: Application) : AndroidViewModel(application) {
    private val host = (application as DemoApplication).modelHost
    private val mutableState = MutableStateFlow(LiveState())

    @Volatile private var camera: CameraFacts? = null

    val state: StateFlow<LiveState> = mutableState.asStateFlow()

    val sink = FrameSink(
        executor = host.executor,
        analyzer = ::analyze,
        onCamera = { camera = it },
        onFailure = { fail(R.string.camera_failed_title, it) },
    )

    private fun analyze(image: ImageProxy) {
        // Closing the image is what asks CameraX for the next one.
        image.use {
            val model = host.loaded() ?: return
            try {
                answer(model, image)
            } catch (error: EngineException) {
                fail(R.string.model_failed_title, error.message.orEmpty())
            }
        }
    }

    private fun answer(model: LoadedModel, image: ImageProxy) {
        val answer = model.answer(image.toFrame()).copy(
            exposedNs = image.imageInfo.timestamp,
            mirrored = camera?.mirrored == true,
        )
        mutableState.update { it.copy(answer = answer) }
    }

    private fun fail(@StringRes title: Int, reason: String) {
        mutableState.update { it.copy(failure = LiveFailure(title, reason)) }
    }

    /** Takes the time when an answer's boxes are drawn. */
    fun onShown(answer: Answer) {
        val since = answer.exposedNs?.let { camera?.clock?.millisecondsSince(it) }
        mutableState.update { it.copy(shutterToScreenMs = since) }
    }
}
