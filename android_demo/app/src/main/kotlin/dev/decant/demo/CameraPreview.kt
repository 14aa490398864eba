package dev.decant.demo

import android.content.Context
import android.util.Size
import androidx.camera.core.CameraSelector
import androidx.camera.core.ImageAnalysis
import androidx.camera.core.ImageProxy
import androidx.camera.core.ZoomState
import androidx.camera.core.resolutionselector.ResolutionSelector
import androidx.camera.core.resolutionselector.ResolutionStrategy
import androidx.camera.view.CameraController
import androidx.camera.view.LifecycleCameraController
import androidx.camera.view.PreviewView
import androidx.compose.runtime.Composable
import androidx.compose.runtime.DisposableEffect
import androidx.compose.runtime.SideEffect
import androidx.compose.runtime.remember
import androidx.compose.ui.Modifier
import androidx.compose.ui.platform.LocalContext
import androidx.compose.ui.viewinterop.AndroidView
import androidx.core.content.ContextCompat
import androidx.lifecycle.LifecycleOwner
import androidx.lifecycle.Observer
import androidx.lifecycle.compose.LocalLifecycleOwner
import dev.decant.core.CameraFacing
import java.util.concurrent.ExecutionException
import java.util.concurrent.Executor

private val ANALYSIS_SIZE = Size(1280, 720)

/**
 * Where the frames of the camera go, and on which thread.
 *
 * @property onCamera gets what is known of a camera as soon as it is; on the main thread.
 * @property onFrame gets a frame, to be closed, what is known of its camera, and the run that it is of.
 */
class FrameSink(
    val executor: Executor,
    val onCamera: (CameraFacts) -> Unit,
    val onFrame: (ImageProxy, CameraFacts, Int) -> Unit,
    val onFailure: (String) -> Unit,
)

/** Which camera is wanted, and how often one was started or left; see [dev.decant.core.LiveAnswer]. */
data class CameraStart(val facing: CameraFacing, val run: Int)

/**
 * Shows the camera and hands its frames to [sink]: always the latest one, the others are dropped.
 *
 * The controller crops the analysed frames to what the preview shows. The camera is released when
 * this leaves the screen, and while the app is in the background.
 */
@Composable
fun CameraPreview(
    controller: LifecycleCameraController,
    start: CameraStart,
    sink: FrameSink,
    modifier: Modifier = Modifier,
) {
    val owner = LocalLifecycleOwner.current
    val context = LocalContext.current
    val view = remember { PreviewView(context).also { it.controller = controller } }
    val gate = remember(sink, start.facing) { FrameGate(controller, view, sink) }
    SideEffect { gate.run = start.run }
    DisposableEffect(owner, gate) {
        var isShown = true
        configure(controller)
        // Tells when there is a camera, though it may give no frame: another app may have it.
        val onAttached = Observer<ZoomState> { gate.look() }
        controller.zoomState.observe(owner, onAttached)
        controller.setImageAnalysisAnalyzer(sink.executor, gate)
        // Bound only then, because a missing camera is known only then.
        controller.initializationFuture.addListener(
            { if (isShown) reportingTo(sink) { bind(controller, owner, start.facing, sink, context) } },
            ContextCompat.getMainExecutor(context),
        )
        onDispose {
            isShown = false
            controller.zoomState.removeObserver(onAttached)
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

    /** Which run a frame that comes now is of. */
    @Volatile var run = 0

    override fun analyze(image: ImageProxy) {
        val known = camera
        if (known != null) {
            sink.onFrame(image, known, run)
            return
        }
        image.close()
        // The controller has a camera only once the preview is laid out, and tells the main thread only.
        main.execute(::look)
    }

    /** Looks which camera it is, unless that is known; on the main thread. */
    fun look() {
        if (camera != null) return
        val display = view.display ?: return
        val bound = controller.cameraInfo ?: return
        reportingTo(sink) {
            val hasOther = CameraFacing.entries.all { controller.hasCamera(it.selector) }
            val facts = CameraFacts(bound, display, hasOther)
            sink.onCamera(facts)
            camera = facts
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

/** Opens the camera that is wanted or, where there is none, the other one. */
private fun bind(
    controller: LifecycleCameraController,
    owner: LifecycleOwner,
    wanted: CameraFacing,
    sink: FrameSink,
    context: Context,
) {
    controller.initializationFuture.get()
    val there = CameraFacing.entries.filter { controller.hasCamera(it.selector) }.toSet()
    val facing = wanted.among(there)
    if (facing == null) {
        sink.onFailure(context.getString(R.string.camera_none))
        return
    }
    controller.cameraSelector = facing.selector
    controller.bindToLifecycle(owner)
}

private val CameraFacing.selector: CameraSelector
    get() = when (this) {
        CameraFacing.BACK -> CameraSelector.DEFAULT_BACK_CAMERA
        CameraFacing.FRONT -> CameraSelector.DEFAULT_FRONT_CAMERA
    }

/** Tells the sink what CameraX refuses. */
private inline fun reportingTo(sink: FrameSink, action: () -> Unit) = try {
    action()
} catch (error: ExecutionException) {
    sink.onFailure(error.cause?.message ?: error.toString())
} catch (error: IllegalStateException) {
    sink.onFailure(error.message ?: error.toString())
} catch (error: IllegalArgumentException) {
    sink.onFailure(error.message ?: error.toString())
}
