package dev.decant.demo

import android.content.Context
import androidx.test.ext.junit.runners.AndroidJUnit4
import androidx.test.platform.app.InstrumentationRegistry
import dev.decant.core.EngineException
import dev.decant.core.EngineRequest
import dev.decant.core.ProgramCache
import java.io.File
import kotlinx.coroutines.runBlocking
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith

/** Opens model files; needs the model in the assets. */
@RunWith(AndroidJUnit4::class)
class LiteRtEngineTest {
    private val context: Context = InstrumentationRegistry.getInstrumentation().targetContext
    private val sidecar = ownSidecar(context)

    @Test
    fun aFileOfAnotherHashIsRefusedBeforeLiteRtOpensIt() {
        val folder = File(context.cacheDir, "altered").apply { mkdirs() }
        File(folder, sidecar.cpu.file).writeText("not the model")
        runBlocking { openEnvironment(context) }.use { environment ->
            val programs = ProgramCache(File(context.cacheDir, "test-programs"), "test")
            val request = EngineRequest.of(sidecar.cpu, sidecar, folder)
            val error = assertThrows(EngineException::class.java) {
                LiteRtEngine(environment, programs).open(request)
            }
            assertTrue(error.message.orEmpty().contains("is not the file"))
        }
    }
}
