package androidx.camera.view

import android.content.Context
import android.view.View
import androidx.camera.core.CameraInfo
import androidx.camera.core.CameraSelector
import androidx.camera.core.ImageAnalysis
import androidx.camera.core.resolutionselector.ResolutionSelector
import androidx.lifecycle.LifecycleOwner
import com.google.common.util.concurrent.ListenableFuture
import java.util.concurrent.Executor

abstract class CameraController {
    var imageAnalysisBackpressureStrategy: Int = 0
    var imageAnalysisOutputImageFormat: Int = 0
    var imageAnalysisResolutionSelector: ResolutionSelector? = null
    var cameraSelector: CameraSelector = CameraSelector()
    val cameraInfo: CameraInfo? get() = error("stub")
    val initializationFuture: ListenableFuture<Void> get() = error("stub")

    fun setEnabledUseCases(useCases: Int): Unit = error("stub")

    fun setImageAnalysisAnalyzer(executor: Executor, analyzer: ImageAnalysis.Analyzer): Unit =
        error("stub")

    fun clearImageAnalysisAnalyzer(): Unit = error("stub")

    fun hasCamera(selector: CameraSelector): Boolean = error("stub")

    companion object {
        const val IMAGE_ANALYSIS = 2
    }
}

class LifecycleCameraController(context: Context) : CameraController() {
    fun bindToLifecycle(owner: LifecycleOwner): Unit = error("stub")

    fun unbind(): Unit = error("stub")
}

class PreviewView(context: Context) : View() {
    var controller: CameraController? = null
}
