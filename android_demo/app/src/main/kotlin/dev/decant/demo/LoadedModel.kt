package dev.decant.demo

import com.google.ai.edge.litert.Environment
import dev.decant.core.Accelerator
import dev.decant.core.AcceleratorLadder
import dev.decant.core.Benchmark
import dev.decant.core.Climb
import dev.decant.core.FoundQuad
import dev.decant.core.Frame
import dev.decant.core.Predictor
import dev.decant.core.QuadGridRule
import dev.decant.core.Rejection
import dev.decant.core.Report
import dev.decant.core.Sidecar
import dev.decant.core.SidecarException
import dev.decant.core.SidecarReader
import dev.decant.core.Tensor
import dev.decant.core.Turn
import dev.decant.core.Variant
import dev.decant.core.shown
import java.io.File

private const val THREADS = 2
private const val WARM_UP = 5
private const val RUNS = 50

/**
 * What was found in one picture.
 *
 * @property predictions from the display threshold on, in pixels of the upright picture, best first.
 * @property width of the upright picture.
 * @property height of the upright picture.
 * @property variant the model file that found it.
 * @property exposedNs the camera's stamp of the start of exposure.
 * @property shown how the screen shows the picture.
 */
data class Answer(
    val predictions: List<FoundQuad>,
    val width: Int,
    val height: Int,
    val variant: Variant,
    val times: AnswerTimes,
    val exposedNs: Long? = null,
    val shown: Shown = Shown(),
)

/** How a screen shows an upright picture: turned, then mirrored. */
data class Shown(val turn: Turn = Turn.NONE, val mirrored: Boolean = false)

/** The model, open on the best accelerator. Not thread-safe; close it to release it. */
class LoadedModel private constructor(
    val sidecar: Sidecar,
    private val rule: QuadGridRule,
    val report: Report?,
    private val ladder: AcceleratorLadder,
    private val climb: Climb,
    private val environment: Environment,
) : AutoCloseable {
    private val session = TimedSession(climb.session)
    private val predictor = Predictor(sidecar, session)

    val accelerator: Accelerator get() = climb.variant.accelerator
    val rejections: List<Rejection> get() = climb.rejections

    /** Those that there is a file for, whether or not this device has them. */
    val accelerators: List<Accelerator> get() = sidecar.variants.map { it.accelerator }.sorted()

    /**
     * Finds objects in a frame.
     *
     * @throws dev.decant.core.EngineException if the runtime fails, or gives what is no number.
     */
    fun answer(frame: Frame): Answer {
        val start = System.nanoTime()
        val detections = predictor.detect(frame)
        val times = session.stages(start, System.nanoTime())
        val found = detections.shown(rule, sidecar.labels)
        return Answer(found, frame.width, frame.height, climb.variant, times)
    }

    /**
     * Times the network alone on one accelerator.
     *
     * @throws dev.decant.core.LadderException if it is not there or gives other outputs.
     */
    fun benchmark(accelerator: Accelerator, threads: Int): BenchmarkRow {
        val variant = sidecar.variants.filter { it.accelerator == accelerator }
        val latency = ladder.climb(threads, variant).session.use { session ->
            val inputs = sidecar.inputs.map(::Tensor)
            val outputs = sidecar.outputs.map(::Tensor)
            Benchmark(WARM_UP, RUNS, System::nanoTime).measure { session.run(inputs, outputs) }
        }
        // Another accelerator is not given the number.
        val row = BenchmarkRow(accelerator.name, threads, latency.median, latency.p90, latency.n)
        return if (accelerator == Accelerator.CPU) row else row.copy(threads = null)
    }

    override fun close() {
        session.close()
        environment.close()
    }

    companion object {
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
            val rule = sidecar.decode as? QuadGridRule
                ?: throw SidecarException("model.json: decode is not quad_grid; this app shows boxes")
            val ladder = AcceleratorLadder(LiteRtEngine(environment), sidecar, folder)
            val climb = ladder.climb(THREADS)
            return closingOnFailure(climb.session) {
                LoadedModel(sidecar, rule, report, ladder, climb, environment)
            }
        }
    }
}
