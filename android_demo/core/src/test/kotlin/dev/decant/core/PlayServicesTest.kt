package dev.decant.core

import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test

class PlayServicesTest {
    @Test
    fun saysWhatCanBeDone() {
        val actions = mapOf(
            1 to "install the bundled build", 2 to "update Google Play services", 3 to "enable",
            7 to "connect to the internet", 15 to "connect to the internet", 18 to "wait", 8 to "try again",
        )
        for ((code, action) in actions) {
            val said = playServicesRefusal(code, "STATUS", "8: why")
            assertTrue(said, said.startsWith("Google Play services give no LiteRT (STATUS: 8: why); "))
            assertTrue(said, action in said)
        }
    }

    @Test
    fun saysAFailureWithoutStatusOnce() {
        val other = "; try again, or install the bundled build of this app"
        for (message in listOf(null, " ", "IllegalStateException")) {
            assertEquals(
                "Google Play services give no LiteRT (IllegalStateException)$other",
                playServicesRefusal(null, "IllegalStateException", message),
            )
        }
    }
}
