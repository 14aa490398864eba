package dev.decant.demo

import android.graphics.Bitmap
import com.google.ai.edge.litert.Environment
import dev.decant.core.AcceleratorLadder
import dev.decant.core.ClimbingSession
import dev.decant.core.DetectionRule
import dev.decant.core.DeviceProbe
import dev.decant.core.Fall
import dev.decant.core.Findings
import dev.decant.core.FoundQuad
import dev.decant.core.Frame
import dev.decant.core.InstalledBundle
import dev.decant.core.LadderException
import dev.decant.core.LadderMemory
import dev.decant.core.Predictor
import dev.decant.core.ProgramCache
import dev.decant.core.Report
import dev.decant.core.Rung
import dev.decant.core.RungBenchmark
import dev.decant.core.RungChoice
import dev.decant.core.RungResult
import dev.decant.core.Sidecar
import dev.decant.core.Turn
import dev.decant.core.Variant
import dev.decant.core.inOrder
import dev.decant.core.overlay
import java.io.IOException

/**
 * What was found in one picture.
 *
 * @property findings what the decode rule makes of it, objects from the threshold on.
 * @property width of the upright picture.
 * @property height of the upright picture.
 * @property variant the model file that found it.
 * @property exposedNs the camera's stamp of the start of exposure.
 * @property shown how the screen shows the picture.
 */
data class Answer(
    val findings: Findings,
    val width: Int,
    val height: Int,
    val variant: Variant,
    val times: AnswerTimes,
    val exposedNs: Long? = null,
    val shown: Shown = Shown(),
) {
    /** The objects of a model that finds some, which can be corrected. */
    val predictions: List<FoundQuad> get() = (findings as? Findings.Boxes)?.quads.orEmpty()

    /** The mask of a model that labels pixels, to be laid over the picture as it is shown. */
    val mask: Bitmap? by lazy {
        (findings as? Findings.Mask)?.let {
            val (across, down) = shown.turn.size(width to height)
            Bitmap.createBitmap(it.overlay(shown.turn, shown.mirrored), across, down, Bitmap.Config.ARGB_8888)
        }
    }
}

/** How a screen shows an upright picture: turned, then mirrored. */
data class Shown(val turn: Turn = Turn.NONE, val mirrored: Boolean = false)

/**
 * The ways to run the model on this device.
 *
 * @property results of measuring every one.
 * @property inUse the one that answers.
 * @property falls those that failed and were left.
 */
data class LadderState(val results: List<RungResult>, val inUse: Rung, val falls: List<Fall>)

/**
 * What opening a bundle needs, and whom it tells.
 *
 * @property key what the measurement in [memory] must be of.
 * @property onResult gets what measuring a rung gave.
 * @property onFall is called when a rung was left while the model was in use.
 */
class Opening(
    val memory: LadderMemory,
    val key: String,
    val choice: RungChoice,
    val programs: ProgramCache,
    val onResult: (RungResult) -> Unit,
    val onFall: (LadderState) -> Unit,
)

/** The model, open on the rung that the user wants or the fastest one. Not thread-safe; close it to release it. */
class LoadedModel private constructor(
    val bundle: InstalledBundle,
    private val results: List<RungResult>,
    private val ladder: AcceleratorLadder,
    private val climbing: ClimbingSession,
    private val environment: Environment,
) : AutoCloseable {
    private val session = TimedSession(climbing)
    private val predictor = Predictor(sidecar, session)

    val sidecar: Sidecar get() = bundle.sidecar
    val report: Report? = bundle.report()
    val rungs: List<Rung> get() = ladder.rungs
    val ladderState: LadderState get() = LadderState(results, climbing.rung, climbing.falls)

    /** How objects are found; null for a model that does something else. */
    val boxRule: DetectionRule? get() = sidecar.decode as? DetectionRule

    /**
     * Answers a frame.
     *
     * @param threshold from which score on boxes are shown; null for the sidecar's.
     * @throws dev.decant.core.EngineException if the lowest rung fails, too, or gives what is no number.
     */
    fun answer(frame: Frame, threshold: Double?): Answer {
        val start = System.nanoTime()
        val findings = predictor.answer(frame, threshold)
        val times = session.stages(start, System.nanoTime())
        return Answer(findings, frame.width, frame.height, climbing.rung.variant, times)
    }

    /** Times rungs beside the one that answers, each in a session of its own. */
    fun benchmark(probe: DeviceProbe, isCancelled: () -> Boolean) =
        RungBenchmark(ladder, probe, System::nanoTime, isCancelled)

    override fun close() {
        session.close()
        environment.close()
    }

    companion object {
        /**
         * Opens a bundle; measures its rungs unless that was done before.
         *
         * @throws dev.decant.core.SidecarException if it does not fit together.
         * @throws LadderException if nothing gives the golden outputs.
         */
        fun open(bundle: InstalledBundle, environment: Environment, opening: Opening): LoadedModel {
            val engine = LiteRtEngine(environment, opening.programs)
            val ladder = AcceleratorLadder(
                engine,
                bundle.sidecar,
                bundle.folder,
                System::nanoTime,
                guard = opening.memory.guard(opening.key),
            )
            val results = opening.memory.load(opening.key, ladder.rungs) ?: measured(ladder, opening)
            var loaded: LoadedModel? = null
            val session = try {
                ClimbingSession(ladder, results.inOrder(opening.choice)) {
                    loaded?.let { model -> opening.onFall(model.ladderState) }
                }
            } catch (error: LadderException) {
                opening.memory.forgetResults() // What was measured holds no more.
                throw error
            }
            return closingOnFailure(session) {
                LoadedModel(bundle, results, ladder, session, environment).also { loaded = it }
            }
        }

        private fun measured(ladder: AcceleratorLadder, opening: Opening): List<RungResult> {
            val results = ladder.measure(opening.onResult)
            try {
                opening.memory.save(opening.key, results)
            } catch (_: IOException) {
                // Without room for it, the next start measures once more.
            }
            return results
        }
    }
}
