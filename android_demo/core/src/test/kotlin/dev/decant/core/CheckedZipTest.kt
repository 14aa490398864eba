package dev.decant.core

import java.io.File
import java.io.FileOutputStream
import java.util.zip.ZipEntry
import java.util.zip.ZipOutputStream
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Rule
import org.junit.Test
import org.junit.rules.TemporaryFolder

class CheckedZipTest {
    @get:Rule
    val temporary = TemporaryFolder()

    private val limits = ZipLimits(entries = 6, entryBytes = 100_000, totalBytes = 150_000)
    private val text = ByteArray(9_000) { (it / 90).toByte() }

    private fun file(bytes: ByteArray) = File(temporary.root, "b.zip").apply { writeBytes(bytes) }

    private fun zip(vararg parts: ZipPart) = CheckedZip(file(zipBytes(parts.toList())), limits)

    /** What is said of a zip that must be refused before or while its members are read. */
    private fun refusal(bytes: ByteArray): String = assertThrows(BundleException::class.java) {
        CheckedZip(file(bytes), limits).use { zip -> zip.sizes.keys.forEach { zip.open(it).readBytes() } }
    }.message!!

    private fun refusal(vararg parts: ZipPart) = refusal(zipBytes(parts.toList()))

    @Test
    fun readsWhatJavaWrites() {
        val file = File(temporary.root, "java.zip")
        ZipOutputStream(FileOutputStream(file)).use { out ->
            for (name in listOf("model.json", "golden/", "golden/é.bin")) {
                out.putNextEntry(ZipEntry(name))
                if (!name.endsWith("/")) out.write(text)
            }
        }
        CheckedZip(file, limits).use { zip ->
            assertEquals(mapOf("model.json" to 9_000L, "golden/é.bin" to 9_000L), zip.sizes)
            assertArrayEquals(text, zip.open("golden/é.bin").readBytes())
        }
    }

    @Test
    fun readsStoredAndDeflatedMembers() = zip(ZipPart("a", text, method = 0), ZipPart("b", text)).use { zip ->
        for (name in listOf("a", "b")) assertArrayEquals(text, zip.open(name).readBytes())
    }

    @Test
    fun leavesOutTheFolderThatWasZipped() {
        val folder = ZipPart("detector/", kind = 0x41ED, method = 0)
        zip(folder, ZipPart("detector/model.json", text), ZipPart("detector/golden/i", text)).use { zip ->
            assertEquals(setOf("model.json", "golden/i"), zip.sizes.keys)
            assertArrayEquals(text, zip.open("golden/i").readBytes())
        }
    }

    @Test
    fun refusesWhatIsNoWholeZip() {
        val whole = zipBytes(listOf(ZipPart("a", text)))
        val broken = mapOf(
            ByteArray(0) to "is no whole zip: it has 0 bytes",
            whole.copyOf(whole.size - 5) to "is no whole zip",
            whole + ByteArray(3) to "is no whole zip",
            zipBytes(listOf(ZipPart("a", text)), comment = "hello") to "without a comment",
            zipBytes(listOf(ZipPart("a", text)), hidden = ByteArray(7)) to "hides 7 bytes before",
            whole.copyOf(whole.size - 22) + ByteArray(7) + whole.copyOfRange(whole.size - 22, whole.size) to
                "hides bytes",
            whole.copyOf(10) + whole.copyOfRange(11, whole.size) to "hides bytes",
        )
        for ((bytes, fault) in broken) assertTrue(refusal(bytes), fault in refusal(bytes))
    }

    @Test
    fun refusesAZip64() {
        val whole = zipBytes(listOf(ZipPart("a", text)))
        val end = whole.size - 22
        val locator = byteArrayOf(0x50, 0x4B, 6, 7) + ByteArray(16)
        assertTrue("zip64" in refusal(whole.copyOf(end) + locator + whole.copyOfRange(end, whole.size)))
        assertTrue("zip64" in refusal(ZipPart("a", text, size = -1)))
    }

    @Test
    fun refusesHostilePaths() {
        val faults = mapOf(
            "../a" to "leads out of the folder",
            "x/../../a" to "leads out of the folder",
            "/etc/passwd" to "absolute path",
            "\\a" to "absolute path",
            "C:a" to "absolute path",
            "x\\..\\a" to "has a character",
            "a\u0000b" to "has a character",
            "a\nb" to "has a character",
            "x//a" to "no plain path",
            "./a" to "no plain path",
            "" to "no plain path",
        )
        for ((name, fault) in faults) assertTrue(name, fault in refusal(ZipPart(name, text)))
    }

    @Test
    fun refusesWhatIsNoPlainFile() {
        assertTrue("symbolic link" in refusal(ZipPart("a", text, kind = 0xA1FF)))
        assertTrue("not a plain file" in refusal(ZipPart("a", text, kind = 0x21FF)))
        assertTrue("folder that holds something" in refusal(ZipPart("a/", text)))
    }

    @Test
    fun refusesANameThatIsNotUtf8() {
        val name = byteArrayOf(0xC3.toByte(), 0x28)
        assertTrue("not UTF-8" in refusal(ZipPart("a", text, nameBytes = name)))
    }

    @Test
    fun refusesBombsAndMoreThanTheLimits() {
        assertTrue("as zip bombs do" in refusal(ZipPart("a", ByteArray(90_000))))
        assertTrue("are the most" in refusal(ZipPart("a", ByteArray(100_001), method = 0)))
        val large = ByteArray(80_000)
        val two = arrayOf(ZipPart("a", large, method = 0), ZipPart("b", large, method = 0))
        assertTrue("unpacks to 160000 bytes" in refusal(*two))
        assertTrue("has 7 entries" in refusal(zipBytes(List(7) { ZipPart("$it", text) })))
    }

    @Test
    fun refusesMembersThatShareBytes() {
        assertTrue("overlaps another" in refusal(ZipPart("a", text), ZipPart("b", text, offset = 0)))
    }

    @Test
    fun refusesTheSameNameTwice() {
        assertTrue("occurs twice" in refusal(ZipPart("a", text), ZipPart("a", text)))
    }

    @Test
    fun refusesEncryptionAndOtherPackings() {
        assertTrue("encrypted" in refusal(ZipPart("a", text, flags = 1)))
        assertTrue("compression method 14" in refusal(ZipPart("a", text, method = 14)))
    }

    @Test
    fun refusesAMemberThatIsNotWhatTheDirectorySays() {
        assertTrue("contradict" in refusal(ZipPart("a", text, localName = "b")))
        val other = "does not unpack to what the directory says"
        assertTrue(other in refusal(ZipPart("a", text, sum = 5)))
        assertTrue(other in refusal(ZipPart("a", text, size = 8_999)))
        assertTrue(other in refusal(ZipPart("a", text, size = 9_001)))
        assertTrue("another length" in refusal(ZipPart("a", text, method = 0, size = 9_001)))
    }

    @Test
    fun refusesAMemberThatCannotBeUnpacked() {
        val bytes = zipBytes(listOf(ZipPart("a", text)))
        for (i in 31 until 45) bytes[i] = -1
        assertTrue("cannot be unpacked" in refusal(bytes))
    }

    @Test
    fun readsNoMoreThanItMustOfADirectoryThatLies() {
        // A directory of the length that 65,535 entries could have, of a file that has no such bytes.
        val whole = zipBytes(listOf(ZipPart("a", text)))
        val end = whole.size - 22
        for (at in listOf(8, 10)) whole[end + at] = 5
        assertTrue("damaged" in refusal(whole))
    }
}
