package dev.decant.core

import com.google.gson.JsonObject
import com.google.gson.JsonParser
import java.io.File
import java.io.IOException
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Rule
import org.junit.Test
import org.junit.rules.TemporaryFolder

internal val WORDING = ConsentWording(3, "c0".repeat(32))
internal val RECORD_QUAD = Quad(listOf(listOf(1f, 2f), listOf(3f, 2f), listOf(3f, 4.5f), listOf(1f, 4f)))
internal val RECORD = FeedbackRecord(
    imageSize = 37 to 23,
    modelSha256 = "0".repeat(64),
    accelerator = Accelerator.GPU,
    predictions = listOf(FoundQuad("formula", 0.75f, RECORD_QUAD)),
    corrections = listOf(
        Correction.Delete(0), Correction.Move(0, RECORD_QUAD), Correction.Add("formula", RECORD_QUAD),
        Correction.Remark("§"),
    ),
    times = StageTimes(50.0, 2.5, 20.0, 0.5),
)

class FeedbackLogTest {
    @get:Rule
    val temporary = TemporaryFolder()

    private var clock = 1_790_000_000_000L
    private val folder by lazy { File(temporary.root, "feedback") }
    private val log by lazy { FeedbackLog(folder) { clock } }

    private fun keepNext(wording: ConsentWording = WORDING): String {
        clock += 10_000
        return log.add(RECORD, jpeg(), wording)
    }

    private fun kept(): List<File> = folder.walk().filter { it.isFile && it.name != "settings.json" }.toList()

    private fun json(id: String): JsonObject =
        JsonParser.parseString(File(folder, "records/$id.json").readText()).asJsonObject

    @Test
    fun writesARecordOfTheSchema() {
        log.agree(WORDING)
        val json = json(keepNext())
        val keys = listOf(
            "id", "image", "image_size", "kept", "consent", "model_sha256", "accelerator", "predictions",
            "corrections", "times_ms",
        )
        assertEquals(keys, json.keySet().toList())
        assertEquals("images/${json.get("id").asString}.jpg", json.get("image").asString)
        assertEquals("2026-09-21T14:13:30.000Z", json.get("kept").asString)
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
        log.agree(WORDING)
        val times = RECORD.times.copy(shutterToScreen = null)
        val json = json(log.add(RECORD.copy(times = times), jpeg(), WORDING))
        val expected = """{"shutter_to_screen":null,"preprocess":2.5,"inference":20.0,"decode":0.5}"""
        assertEquals(expected, json.get("times_ms").toString())
    }

    private fun quadOf(json: JsonObject) =
        json.getAsJsonArray("predictions")[0].asJsonObject.get("quad").toString()

    @Test
    fun everyPhotoKeepsTheConsentThatItWasKeptUnder() {
        val later = ConsentWording(4, "c4".repeat(32))
        log.agree(WORDING)
        val first = keepNext()
        clock += 5
        log.agree(later)
        val second = keepNext(later)
        val consents = listOf(first, second).map { json(it).get("consent").toString() }
        val given = listOf("2026-09-21T14:13:20.000Z", "2026-09-21T14:13:30.005Z")
        assertEquals(
            listOf(
                """{"given":"${given[0]}","text_version":3,"text_sha256":"${WORDING.sha256}"}""",
                """{"given":"${given[1]}","text_version":4,"text_sha256":"${later.sha256}"}""",
            ),
            consents,
        )
    }

    @Test
    fun aConsentToAnEarlierWordingCoversNoNewPhoto() {
        log.agree(WORDING)
        val first = keepNext()
        for (other in listOf(WORDING.copy(version = 4), WORDING.copy(sha256 = "c4".repeat(32)))) {
            assertThrows(IllegalArgumentException::class.java) { keepNext(other) }
        }
        assertEquals(listOf(first), log.list().map { it.id })
    }

    @Test
    fun keepsNothingWithoutConsentOrWithAWrongCorrection() {
        assertThrows(IllegalArgumentException::class.java) { keepNext() }
        log.agree(WORDING)
        val wrong = RECORD.copy(corrections = listOf(Correction.Delete(1)))
        assertThrows(IllegalArgumentException::class.java) { log.add(wrong, jpeg(), WORDING) }
        assertThrows(IllegalArgumentException::class.java) { log.add(RECORD, ByteArray(9), WORDING) }
        assertEquals(emptyList<File>(), kept())
    }

    @Test
    fun keepsNothingWhileTheClockIsBeforeTheConsent() {
        log.agree(WORDING)
        clock -= 86_400_000
        val error = assertThrows(IllegalArgumentException::class.java) { log.add(RECORD, jpeg(), WORDING) }
        assertEquals(
            "the device's clock says 2026-09-20T14:13:20.000Z, before the consent of " +
                "2026-09-21T14:13:20.000Z; set it, or withdraw the consent and agree again",
            error.message,
        )
    }

    @Test
    fun keepsNoMoreThanTheLimits() {
        log.agree(WORDING)
        log.limit(Retention(maxRecords = 2, maxBytes = 1_000_000, maxAgeMs = 1_000_000))
        val ids = List(4) { keepNext() }
        assertEquals(ids.drop(2), log.list().map { it.id })
        val one = log.list().first().sizeBytes
        log.limit(Retention(maxRecords = 100, maxBytes = one + 10, maxAgeMs = 1_000_000))
        assertEquals(ids.drop(3), log.list().map { it.id })
        clock += 2_000_000
        log.open()
        assertEquals(emptyList<File>(), kept())
    }

    @Test
    fun deletesOneAndAll() {
        log.agree(WORDING)
        val ids = List(3) { keepNext() }
        log.delete(ids[1])
        assertEquals(listOf(ids[0], ids[2]), log.list().map { it.id })
        log.deleteAll()
        assertEquals(emptyList<File>(), kept())
        assertEquals(WORDING, log.settings.consent?.wording)
    }

    @Test
    fun aWithdrawalDeletesAllButTheLimits() {
        val limits = Retention(maxRecords = 7, maxBytes = 1_000_000, maxAgeMs = 1_000_000)
        log.agree(WORDING)
        log.limit(limits)
        keepNext()
        log.withdraw()
        assertEquals(emptyList<File>(), kept())
        assertEquals(FeedbackSettings(null, limits), log.settings)
        assertThrows(IllegalArgumentException::class.java) { keepNext() }
    }

    @Test
    fun aWithdrawalThatWasCutShortIsCarriedOut() {
        log.agree(WORDING)
        keepNext()
        log.settings.copy(consent = null).write(File(folder, "settings.json"))
        log.open()
        assertEquals(emptyList<File>(), kept())
    }

    @Test
    fun aConsentThatCannotBeReadIsNone() {
        log.agree(WORDING)
        keepNext()
        File(folder, "settings.json").writeText("""{"consent": {"given": "yesterday"}""")
        assertEquals(FeedbackSettings(), log.settings)
        log.open()
        assertEquals(emptyList<File>(), kept())
    }

    @Test
    fun sweepsUpWhatWritingWasCutShortAt() {
        log.agree(WORDING)
        val id = keepNext()
        File(folder, "images/${"0".repeat(32)}.jpg").writeBytes(jpeg())
        File(folder, "images/${"1".repeat(32)}.jpg.tmp").writeBytes(ByteArray(9))
        File(folder, "records/$id.json.tmp").writeBytes(ByteArray(9))
        log.open()
        assertEquals(setOf("$id.json", "$id.jpg"), kept().map { it.name }.toSet())
    }

    @Test
    fun saysWhatCannotBeDeleted() {
        log.agree(WORDING)
        val id = keepNext()
        val image = File(folder, "images/$id.jpg").apply { delete() }
        // A folder with something in it cannot be deleted, whoever asks.
        File(image, "inside").mkdirs()
        val error = assertThrows(IOException::class.java) { log.withdraw() }
        assertEquals("$image: cannot be deleted; try again", error.message)
    }

    @Test
    fun saysWhatCannotBeWritten() {
        temporary.newFile("feedback")
        val error = assertThrows(IOException::class.java) { log.agree(WORDING) }
        assertEquals("$folder: cannot be made; free some storage", error.message)
        assertTrue(log.settings.consent == null)
    }
}
