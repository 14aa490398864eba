package dev.decant.core

import com.google.gson.JsonObject
import com.google.gson.JsonParser
import java.io.ByteArrayInputStream
import java.io.ByteArrayOutputStream
import java.io.File
import java.util.zip.ZipInputStream
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Rule
import org.junit.Test
import org.junit.rules.TemporaryFolder

class FeedbackLogTest {
    @get:Rule
    val temporary = TemporaryFolder()

    private var clock = 1_790_000_000_000L
    private val consent = Consent("2026-09-21T00:00:00Z", 1)
    private val quad = Quad(listOf(listOf(1f, 2f), listOf(3f, 2f), listOf(3f, 4.5f), listOf(1f, 4f)))
    private val record = FeedbackRecord(
        imageSize = 37 to 23,
        modelSha256 = "0".repeat(64),
        accelerator = Accelerator.GPU,
        predictions = listOf(FoundQuad("formula", 0.75f, quad)),
        corrections = listOf(
            Correction.Delete(0), Correction.Move(0, quad), Correction.Add("formula", quad), Correction.Remark("§"),
        ),
        times = StageTimes(50.0, 2.5, 20.0, 0.5),
    )

    private fun log(records: Int = 100, bytes: Long = 1_000_000, ageMs: Long = 1_000_000) =
        FeedbackLog(temporary.root, Retention(records, bytes, ageMs)) { clock }

    private fun FeedbackLog.addNext(): String {
        clock += 10_000
        return add(record, jpeg(), consent)
    }

    @Test
    fun writesARecordOfTheSchema() {
        val log = log()
        val id = log.addNext()
        val json = JsonParser.parseString(log.list().single().record.readText()).asJsonObject
        val keys = listOf(
            "id", "image", "image_size", "captured", "model_sha256", "accelerator", "predictions", "corrections",
            "times_ms",
        )
        assertEquals(keys, json.keySet().toList())
        assertEquals("images/$id.jpg", json.get("image").asString)
        assertEquals("2026-09-21T14:13:30Z", json.get("captured").asString)
        assertEquals("gpu", json.get("accelerator").asString)
        assertEquals("[[1.0,2.0],[3.0,2.0],[3.0,4.5],[1.0,4.0]]", quadOf(json))
        val kinds = json.getAsJsonArray("corrections").map {
            it.asJsonObject.keySet().toList() to it.asJsonObject.get("kind").asString
        }
        assertEquals(
            listOf(
                listOf("kind", "prediction") to "delete", listOf("kind", "prediction", "quad") to "move",
                listOf("kind", "label", "quad") to "add", listOf("kind", "text") to "remark",
            ),
            kinds,
        )
    }

    @Test
    fun aTimeThatIsUnknownIsNull() {
        val log = log()
        log.add(record.copy(times = record.times.copy(shutterToScreen = null)), jpeg(), consent)
        val json = JsonParser.parseString(log.list().single().record.readText()).asJsonObject
        val times = """{"shutter_to_screen":null,"preprocess":2.5,"inference":20.0,"decode":0.5}"""
        assertEquals(times, json.get("times_ms").toString())
    }

    private fun quadOf(json: JsonObject) =
        json.getAsJsonArray("predictions")[0].asJsonObject.get("quad").toString()

    @Test
    fun keepsNothingWithoutConsentOrWithAWrongCorrection() {
        val log = log()
        assertThrows(IllegalArgumentException::class.java) { log.add(record, jpeg(), null) }
        val wrong = record.copy(corrections = listOf(Correction.Delete(1)))
        assertThrows(IllegalArgumentException::class.java) { log.add(wrong, jpeg(), consent) }
        assertThrows(IllegalArgumentException::class.java) { log.add(record, ByteArray(9), consent) }
        assertTrue(temporary.root.walk().none(File::isFile))
    }

    @Test
    fun keepsNoMoreThanTheLimits() {
        val byCount = log(records = 2)
        val ids = List(4) { byCount.addNext() }
        assertEquals(ids.drop(2), byCount.list().map { it.id })
        val one = byCount.list().first().sizeBytes
        log(bytes = one + 10).applyRetention()
        assertEquals(ids.drop(3), byCount.list().map { it.id })
        clock += 2_000_000
        byCount.applyRetention()
        assertTrue(temporary.root.walk().none(File::isFile))
    }

    @Test
    fun deletesOneAndAll() {
        val log = log()
        val ids = List(3) { log.addNext() }
        log.delete(ids[1])
        assertEquals(listOf(ids[0], ids[2]), log.list().map { it.id })
        log.deleteAll()
        assertTrue(temporary.root.walk().none(File::isFile))
    }

    @Test
    fun sweepsUpAPhotoWithoutRecord() {
        val log = log()
        val id = log.addNext()
        File(temporary.root, "images/stray.jpg").writeBytes(jpeg())
        log.applyRetention()
        assertEquals(listOf("$id.jpg"), File(temporary.root, "images").list()!!.toList())
    }

    @Test
    fun exportsNoEmptyArchive() {
        val export = FeedbackExport(SidecarReader.read(SIDECAR), AppInfo("demo", "1.0", "android 24"), consent)
        assertThrows(IllegalArgumentException::class.java) {
            export.write(emptyList(), clock, ByteArrayOutputStream())
        }
    }

    @Test
    fun exportsEveryFileUnderItsHash() {
        val log = log()
        repeat(2) { log.addNext() }
        val out = ByteArrayOutputStream()
        val export = FeedbackExport(SidecarReader.read(SIDECAR), AppInfo("demo", "1.0", "android 24"), consent)
        export.write(log.list(), clock, out)
        val files = LinkedHashMap<String, ByteArray>()
        ZipInputStream(ByteArrayInputStream(out.toByteArray())).use { zip ->
            generateSequence { zip.nextEntry }.forEach { files[it.name] = zip.readBytes() }
        }
        val manifest = JsonParser.parseString(String(files.remove("manifest.json")!!)).asJsonObject
        val keys = listOf("schema_version", "kind", "model", "created", "app", "consent", "files")
        assertEquals(keys, manifest.keySet().toList())
        val listed = manifest.getAsJsonArray("files").map { it.asJsonObject }.associateBy { it.get("path").asString }
        assertEquals(files.keys, listed.keys)
        assertEquals(4, files.size)
        for ((path, bytes) in files) {
            assertEquals(sha256(bytes), listed.getValue(path).get("sha256").asString)
            assertEquals(bytes.size, listed.getValue(path).get("size_bytes").asInt)
        }
    }
}
