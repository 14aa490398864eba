package dev.decant.core

import com.google.gson.JsonParser
import java.io.ByteArrayInputStream
import java.io.ByteArrayOutputStream
import java.io.File
import java.util.TimeZone
import java.util.zip.ZipInputStream
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertThrows
import org.junit.Rule
import org.junit.Test
import org.junit.rules.TemporaryFolder

class FeedbackExportTest {
    @get:Rule
    val temporary = TemporaryFolder()

    private var clock = 1_790_000_000_000L
    private val sidecar = SidecarReader.read(SIDECAR)
    private val export = FeedbackExport(sidecar, AppInfo("demo", "1.0", "android 24"))
    private val log by lazy { FeedbackLog(temporary.root) { clock } }

    private fun keep(modelSha256: String = sidecar.cpu.sha256): String {
        clock += 10_000
        return log.add(RECORD.copy(modelSha256 = modelSha256), jpeg(), WORDING)
    }

    private fun chosen(): List<String> =
        export.choose(log.list().map(FeedbackSummary::of), clock).map { it.id }

    private fun written(): ByteArray =
        ByteArrayOutputStream().also { export.write(log.list(), clock, it) }.toByteArray()

    @Test
    fun exportsNoEmptyArchive() {
        assertThrows(IllegalArgumentException::class.java) { written() }
    }

    @Test
    fun exportsEveryFileUnderItsHash() {
        log.agree(WORDING)
        repeat(2) { keep() }
        val files = LinkedHashMap<String, ByteArray>()
        ZipInputStream(ByteArrayInputStream(written())).use { zip ->
            generateSequence { zip.nextEntry }.forEach { files[it.name] = zip.readBytes() }
        }
        val manifest = JsonParser.parseString(String(files.remove("manifest.json")!!)).asJsonObject
        assertEquals(
            listOf("schema_version", "kind", "model", "created", "app", "files"),
            manifest.keySet().toList(),
        )
        val listed = manifest.getAsJsonArray("files").map { it.asJsonObject }
            .associateBy { it.get("path").asString }
        assertEquals(files.keys, listed.keys)
        assertEquals(4, files.size)
        for ((path, bytes) in files) {
            assertEquals(sha256(bytes), listed.getValue(path).get("sha256").asString)
            assertEquals(bytes.size, listed.getValue(path).get("size_bytes").asInt)
        }
    }

    @Test
    fun anArchiveDoesNotTellTheTimeZone() {
        log.agree(WORDING)
        keep()
        val here = TimeZone.getDefault()
        val archives = listOf("Asia/Seoul", "America/Los_Angeles", "UTC").map {
            TimeZone.setDefault(TimeZone.getTimeZone(it))
            try {
                written().toList()
            } finally {
                TimeZone.setDefault(here)
            }
        }
        assertEquals(1, archives.toSet().size)
    }

    @Test
    fun leavesOutWhatAnImporterWouldRefuse() {
        log.agree(WORDING)
        val fine = keep()
        keep(modelSha256 = "f".repeat(64))
        val damaged = File(temporary.root, "records/${keep()}.json")
        damaged.writeText(damaged.readText().dropLast(1))
        val withoutConsent = File(temporary.root, "records/${keep()}.json")
        withoutConsent.writeText(withoutConsent.readText().replace("\"consent\"", "\"remarks\""))
        assertEquals(listOf(fine), chosen())
    }

    @Test
    fun leavesOutWhatWasKeptWhileTheClockWasWrong() {
        log.agree(WORDING)
        val fine = keep()
        clock += 86_400_000
        val ahead = keep()
        assertEquals(listOf(fine, ahead), chosen())
        clock -= 86_400_000
        assertEquals(listOf(fine), chosen())
        assertFalse(Consent(clock, WORDING).covers(keptMs = clock - 1, nowMs = clock))
    }

    @Test
    fun photosOfAnEarlierWordingAreExportedWithIt() {
        log.agree(WORDING)
        val first = keep()
        log.agree(WORDING.copy(version = 4))
        assertEquals(listOf(first), chosen())
    }
}
