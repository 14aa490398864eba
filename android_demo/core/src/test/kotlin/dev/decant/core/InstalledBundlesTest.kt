package dev.decant.core

import java.io.File
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNull
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Rule
import org.junit.Test
import org.junit.rules.TemporaryFolder

class InstalledBundlesTest {
    @get:Rule
    val temporary = TemporaryFolder()

    private val root by lazy { File(temporary.root, "bundles") }
    private val bundles by lazy { InstalledBundles(root) }
    private val files = bundleFiles()

    private fun refused(files: Map<String, ByteArray>, held: Set<String>? = null): String =
        assertThrows(BundleException::class.java) { bundles.take(MemorySource(files, held)) }
            .message!!.also { assertNothingIsThere() }

    private fun assertNothingIsThere() = assertEquals(emptyList<String>(), root.list().orEmpty().toList())

    private fun changed(old: String, new: String): Map<String, ByteArray> {
        val text = String(files.getValue("model.json"))
        assertTrue(old, old in text)
        return files + ("model.json" to text.replaceFirst(old, new).toByteArray())
    }

    @Test
    fun takesABundleWithItsReport() {
        val report = """{"schema": 2, "machine": {"cpu": "A76"}, "candidates": []}"""
        val taken = bundles.take(MemorySource(files + ("report.json" to report.toByteArray())))
        assertEquals(sha256(files.getValue("model.json")), taken.id)
        for ((name, bytes) in files) assertArrayEquals(name, bytes, File(taken.folder, name).readBytes())
        assertEquals("A76", taken.report()?.machine)
        assertEquals(files.values.sumOf { it.size } + report.length.toLong(), taken.sizeBytes)
        assertEquals(listOf(taken), bundles.list())
    }

    @Test
    fun takesAZippedFolder() {
        val parts = files.map { (name, bytes) -> ZipPart("detector/$name", bytes) } +
            ZipPart("detector/", method = 0)
        val taken = bundles.takeZip(zipBytes(parts).inputStream(), "detector.zip")
        assertEquals(listOf(taken), bundles.list())
        assertEquals("the copy is gone", listOf(taken.id), root.list()?.toList())
    }

    @Test
    fun namesTheZipThatTheUserChoseNotItsCopy() {
        val parts = files.map { (name, bytes) -> ZipPart(name, bytes) }
        for (zip in listOf(parts - parts.last(), parts + ZipPart("../x"), parts + parts.first())) {
            val error = assertThrows(BundleException::class.java) {
                bundles.takeZip(zipBytes(zip).inputStream(), "detector.zip")
            }
            assertTrue(error.message, error.message!!.startsWith("detector.zip: "))
            assertNothingIsThere()
        }
    }

    @Test
    fun sweepsUpWhatWasBeingTakenWhenTheAppEnded() {
        val taken = bundles.take(MemorySource(files))
        File(root, ".${taken.id.reversed()}/golden").mkdirs()
        File(root, "zip1.tmp").writeText("PK")
        bundles.sweep()
        assertEquals(listOf(taken.id), root.list()?.toList())
        assertEquals(listOf(taken), bundles.list())
    }

    @Test
    fun takesAFolderAndLeavesWhatTheSidecarDoesNotName() {
        val folder = temporary.newFolder("build")
        for ((name, bytes) in files + ("model.onnx" to ByteArray(5))) {
            File(folder, name).apply { parentFile.mkdirs() }.writeBytes(bytes)
        }
        val taken = bundles.take(FolderSource(folder))
        assertTrue(!File(taken.folder, "model.onnx").exists())
    }

    @Test
    fun keepsSeveralAndDeletesOne() {
        val (first, second) = listOf("cards", "pages").map { bundles.take(MemorySource(bundleFiles(it))) }
        assertEquals(listOf("cards", "pages"), bundles.list().map { it.sidecar.model })
        bundles.delete(first.id)
        assertEquals(listOf(second), bundles.list())
        bundles.delete("../bundles")
        assertEquals(listOf(second), bundles.list())
    }

    @Test
    fun usesTheChosenOneThenTheAppsOwnThenAny() {
        val (own, other) = listOf("pages", "cards").map { bundles.take(MemorySource(bundleFiles(it))) }
        assertEquals(other, bundles.list().toUse(chosen = other.id, own = own.id))
        assertEquals(own, bundles.list().toUse(chosen = null, own = own.id))
        bundles.delete(other.id)
        assertEquals(own, bundles.list().toUse(chosen = other.id, own = own.id))
        assertEquals("a new version of the app has none", own, bundles.list().toUse(other.id, own = null))
        bundles.delete(own.id)
        assertNull(bundles.list().toUse(other.id, own.id))
    }

    @Test
    fun takingOneTwiceKeepsOne() {
        val first = bundles.take(MemorySource(files))
        assertEquals(first, bundles.take(MemorySource(files)))
        assertEquals(1, bundles.list().size)
    }

    @Test
    fun aBundleThatIsNoLongerWholeIsTakenAgain() {
        val taken = bundles.take(MemorySource(files))
        for (damage in listOf<(File) -> Unit>({ it.delete() }, { it.appendText("x") })) {
            damage(File(taken.folder, "golden/a.bin"))
            assertNull(bundles.find(taken.id))
            assertEquals(taken, bundles.take(MemorySource(files)))
        }
    }

    @Test
    fun refusesAFileThatIsNotTheOneDescribed() {
        val model = files.getValue("model.tflite")
        val others = listOf(model.copyOf(6), model + 1, model.map { (it + 1).toByte() }.toByteArray())
        for (other in others) {
            val message = refused(files + ("model.tflite" to other))
            assertEquals("bundle: model.tflite: is not the file that model.json describes; nothing was taken", message)
        }
    }

    @Test
    fun refusesWhatLacksAFile() {
        assertEquals("bundle: golden/a.bin: is missing; nothing was taken", refused(files - "golden/a.bin"))
        assertTrue("has no model.json" in refused(files - "model.json"))
    }

    @Test
    fun refusesAZipWithMoreThanTheSidecarNames() {
        val held = files.keys + "golden/run.sh"
        val message = refused(files + ("golden/run.sh" to ByteArray(3)), held)
        assertTrue(message, "golden/run.sh: is not named in model.json" in message)
    }

    @Test
    fun refusesASidecarThatCannotBeUsed() {
        for (change in listOf("\"labels\":[" to "\"labels\":[3,", "\"detector\"" to "detector\"")) {
            val source = MemorySource(changed(change.first, change.second))
            assertThrows(SidecarException::class.java) { bundles.take(source) }
            assertNothingIsThere()
        }
    }

    @Test
    fun takesAModelWhoseOutputsHaveNoDecoderHere() {
        val text = String(files.getValue("model.json"))
        val decode = Regex("\"decode\":\\{[^}]*}").find(text)!!.value
        val unruled = text.replace(decode, "\"decode\":null")
            .replace(Regex("\"predictions\":\\[.*]]}]"), "\"predictions\":[]")
        for (other in listOf(unruled, text.replace("quad_grid", "heat_map"))) {
            val taken = bundles.take(MemorySource(files + ("model.json" to other.toByteArray())))
            assertFalse(taken.sidecar.hasDecoder)
            assertEquals(1, taken.sidecar.golden.size)
        }
    }

    @Test
    fun refusesASidecarThatNamesItself() {
        val message = refused(changed("\"file\":\"model_fp16.tflite\"", "\"file\":\"model.json\""))
        assertTrue(message, "model.json: is named in model.json" in message)
    }

    @Test
    fun refusesOnePathForTwoFiles() {
        val message = refused(changed("\"file\":\"model_fp16.tflite\"", "\"file\":\"model.tflite\""))
        assertTrue(message, "two files that are called model.tflite" in message)
    }

    @Test
    fun refusesABundleThatIsTooLarge() {
        val message = refused(changed("\"size_bytes\":9", "\"size_bytes\":600000000"))
        assertTrue(message, "500000000 are the most" in message)
    }

    @Test
    fun refusesASidecarWithoutEnd() {
        val endless = ByteArray(20_000_001) { ' '.code.toByte() }
        assertTrue("model.json: has over" in refused(files + ("model.json" to endless)))
    }

    @Test
    fun copiesNoMoreThanItMay() {
        val file = File(temporary.root, "copy")
        ByteArray(1_000).inputStream().copyAtMost(1_000, file, "b.zip")
        assertEquals(1_000, file.length())
        val error = assertThrows(BundleException::class.java) {
            ByteArray(1_001).inputStream().copyAtMost(1_000, file, "b.zip")
        }
        assertTrue(error.message, "b.zip: has over 1000 bytes" in error.message!!)
        assertTrue(!file.exists())
    }
}
