package dev.decant.demo

import com.google.ai.edge.litert.Environment
import dev.decant.core.Accelerator
import dev.decant.core.AcceleratorLadder
import dev.decant.core.Benchmark
import dev.decant.core.Climb
import dev.decant.core.Detections
import dev.decant.core.Frame
import dev.decant.core.GoldenCheck
import dev.decant.core.Prediction
import dev.decant.core.Predictor
import dev.decant.core.QuadGridRule
import dev.decant.core.Rejection
import dev.decant.core.Sidecar
import dev.decant.core.SidecarException
import dev.decant.core.SidecarReader
import dev.decant.core.Tensor
import dev.decant.core.Tolerance
import dev.decant.core.Variant
import java.io.File

private const val THREADS = 2
private const val WARM_UP = 5
private const val RUNS = 50

/**
 * What was found in one picture.
 *
 * @property predictions in pixels of the upright picture, best first.
 * @property width of the upright picture.
 * @property height of the upright picture.
 * @property exposedNs the camera's stamp of the start of exposure.
 * @property mirrored whether the screen shows the picture mirrored.
 */
data class Answer(
    val predictions: List<Prediction>,
    val width: Int,
    val height: Int,
    val times: StageTimes,
    val exposedNs: Long? = null,
    val mirrored: Boolean = false,
)

/** The model, open on the best accelerator. Not thread-safe; close it to release it. */
class LoadedModel private constructor(
    val sidecar: Sidecar,
    val report: Report?,
    private val variants: List<Variant>,
    private val ladder: AcceleratorLadder,
    private val climb: Climb,
    private val environment: Environment,
) : AutoCloseable {
    private val session = TimedSession(climb.session)
    private val predictor = Predictor(sidecar, session)

    val accelerator: Accelerator get() = climb.variant.accelerator
    val rejections: List<Rejection> get() = climb.rejections

    /** Those that there is a file for, whether or not this device has them. */
    val accelerators: List<Accelerator> get() = variants.map { it.accelerator }

    /** Finds objects in a frame. */
    fun answer(frame: Frame): Answer {
        val start = System.nanoTime()
        val detections = predictor.detect(frame)
        val times = session.stages(start, System.nanoTime())
        return Answer(predictions(detections), frame.width, frame.height, times)
    }

    private fun predictions(detections: Detections) = List(detections.count) { index ->
        val quad = List(4) { corner ->
            val at = 8 * index + 2 * corner
            detections.quads[at].toDouble() to detections.quads[at + 1].toDouble()
        }
        val label = sidecar.labels[detections.labels[index]]
        Prediction(label, detections.scores[index].toDouble(), quad)
    }

    /**
     * Times the network alone on one accelerator.
     *
     * @throws dev.decant.core.LadderException if it is not there or gives other outputs.
     */
    fun benchmark(accelerator: Accelerator, threads: Int): BenchmarkRow {
        val variant = variants.first { it.accelerator == accelerator }
        val latency = ladder.climb(listOf(variant), threads).session.use { session ->
            val inputs = sidecar.inputs.map(::Tensor)
            val outputs = sidecar.outputs.map(::Tensor)
            Benchmark(WARM_UP, RUNS, System::nanoTime).measure { session.run(inputs, outputs) }
        }
        return BenchmarkRow(accelerator.name, threads, latency.median, latency.p90, latency.n)
    }

    override fun close() {
        session.close()
        environment.close()
    }

    companion object {
        // Sidecars of schema 1 state no tolerance. Golden outputs come from an x86 CPU; another
        // processor may round each int8 layer to the neighbouring value.
        private val TOLERANCE = Tolerance(absolute = 0.5, relative = 0.05)

        /**
         * Opens the bundle in [folder] on the best accelerator.
         *
         * @throws SidecarException if it does not fit together.
         * @throws dev.decant.core.LadderException if no accelerator gives the golden outputs.
         */
        fun open(
            text: String,
            folder: File,
            environment: Environment,
            report: Report?,
        ): LoadedModel {
            val sidecar = SidecarReader.read(text)
            if (sidecar.decode !is QuadGridRule) {
                throw SidecarException("model.json: decode is not quad_grid; this app shows boxes")
            }
            val golden = GoldenCheck(sidecar) { File(folder, it).readBytes() }
            val ladder = AcceleratorLadder(LiteRtEngine(environment), sidecar, golden)
            val variants = variants(sidecar, folder)
            val climb = ladder.climb(variants, THREADS)
            return closingOnFailure(climb.session) {
                LoadedModel(sidecar, report, variants, ladder, climb, environment)
            }
        }

        /** Sidecars of schema 1 name one file, and none that is compiled for an NPU. */
        private fun variants(sidecar: Sidecar, folder: File): List<Variant> =
            listOf(Accelerator.GPU, Accelerator.CPU).map {
                Variant(it, File(folder, sidecar.file), sidecar.sha256, TOLERANCE)
            }
    }
}
