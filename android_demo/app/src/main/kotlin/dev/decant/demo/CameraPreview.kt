package dev.decant.demo

import android.content.Context
import android.util.Size
import androidx.camera.core.CameraSelector
import androidx.camera.core.ImageAnalysis
import androidx.camera.core.ImageProxy
import androidx.camera.core.resolutionselector.ResolutionSelector
import androidx.camera.core.resolutionselector.ResolutionStrategy
import androidx.camera.view.CameraController
import androidx.camera.view.LifecycleCameraController
import androidx.camera.view.PreviewView
import androidx.compose.runtime.Composable
import androidx.compose.runtime.DisposableEffect
import androidx.compose.runtime.remember
import androidx.compose.ui.Modifier
import androidx.compose.ui.platform.LocalContext
import androidx.compose.ui.viewinterop.AndroidView
import androidx.core.content.ContextCompat
import androidx.lifecycle.LifecycleOwner
import androidx.lifecycle.compose.LocalLifecycleOwner
import java.util.concurrent.ExecutionException
import java.util.concurrent.Executor

private val ANALYSIS_SIZE = Size(1280, 720)

/**
 * Where the frames of the camera go, and on which thread.
 *
 * @property onFrame gets a frame, to be closed, and what is known of its camera.
 */
class FrameSink(
    val executor: Executor,
    val onFrame: (ImageProxy, CameraFacts) -> Unit,
    val onFailure: (String) -> Unit,
)

/**
 * Shows the camera and hands its frames to [sink]: always the latest one, the others are dropped.
 *
 * The controller crops the analysed frames to what the preview shows. The camera is released when
 * this leaves the screen, and while the app is in the background.
 */
@Composable
fun CameraPreview(sink: FrameSink, modifier: Modifier = Modifier) {
    val context = LocalContext.current
    val owner = LocalLifecycleOwner.current
    val controller = remember { LifecycleCameraController(context) }
    val view = remember { PreviewView(context).also { it.controller = controller } }
    DisposableEffect(owner, sink) {
        var isShown = true
        configure(controller)
        controller.setImageAnalysisAnalyzer(sink.executor, FrameGate(controller, view, sink))
        // Bound only then, because a missing camera is known only then.
        controller.initializationFuture.addListener(
            { if (isShown) start(controller, owner, context, sink) },
            ContextCompat.getMainExecutor(context),
        )
        onDispose {
            isShown = false
            controller.clearImageAnalysisAnalyzer()
            controller.unbind()
        }
    }
    AndroidView(
        factory = { view },
        modifier = modifier,
        onRelease = { it.controller = null },
    )
}

/** Holds frames back until it is known which camera they come from. */
private class FrameGate(
    private val controller: CameraController,
    private val view: PreviewView,
    private val sink: FrameSink,
) : ImageAnalysis.Analyzer {
    private val main = ContextCompat.getMainExecutor(view.context)

    @Volatile private var camera: CameraFacts? = null

    override fun analyze(image: ImageProxy) {
        val known = camera
        if (known != null) {
            sink.onFrame(image, known)
            return
        }
        image.close()
        // The controller has a camera only once the preview is laid out, and tells the main thread only.
        main.execute { if (camera == null) look() }
    }

    private fun look() {
        val display = view.display ?: return
        val bound = controller.cameraInfo ?: return
        try {
            camera = CameraFacts(bound, display)
        } catch (error: IllegalArgumentException) {
            sink.onFailure(error.message ?: error.toString())
        }
    }
}

private fun configure(controller: LifecycleCameraController) {
    controller.setEnabledUseCases(CameraController.IMAGE_ANALYSIS)
    controller.imageAnalysisBackpressureStrategy = ImageAnalysis.STRATEGY_KEEP_ONLY_LATEST
    controller.imageAnalysisOutputImageFormat = ImageAnalysis.OUTPUT_IMAGE_FORMAT_RGBA_8888
    controller.imageAnalysisResolutionSelector = ResolutionSelector.Builder()
        .setResolutionStrategy(
            ResolutionStrategy(
                ANALYSIS_SIZE,
                ResolutionStrategy.FALLBACK_RULE_CLOSEST_HIGHER_THEN_LOWER,
            ),
        )
        .build()
}

/** Opens the back camera or, where there is none, the front one; reports what went wrong. */
private fun start(
    controller: LifecycleCameraController,
    owner: LifecycleOwner,
    context: Context,
    sink: FrameSink,
) {
    try {
        controller.initializationFuture.get()
        val selector =
            listOf(CameraSelector.DEFAULT_BACK_CAMERA, CameraSelector.DEFAULT_FRONT_CAMERA)
                .firstOrNull(controller::hasCamera)
        if (selector == null) {
            sink.onFailure(context.getString(R.string.camera_none))
            return
        }
        controller.cameraSelector = selector
        controller.bindToLifecycle(owner)
    } catch (error: ExecutionException) {
        sink.onFailure(error.cause?.message ?: error.toString())
    } catch (error: IllegalStateException) {
        sink.onFailure(error.message ?: error.toString())
    } catch (error: IllegalArgumentException) {
        sink.onFailure(error.message ?: error.toString())
    }
}
