package dev.decant.core

import java.util.Random
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test

class RollingTimesTest {
    @Test
    fun agreesWithTheSortedLastOnesAtEveryStep() {
        val window = 7
        val rolling = RollingTimes(window)
        val random = Random(4)
        val all = ArrayList<Double>()
        repeat(200) { step ->
            // Whole numbers, so that equal times come and go.
            all += random.nextInt(9).toDouble()
            rolling.add(all.last(), step * 1_000L)
            val last = Latency.of(all.takeLast(window).toDoubleArray())
            assertEquals(last, Latency(rolling.median, rolling.p90, rolling.p99, rolling.count))
        }
    }

    @Test
    fun countsAnswersPerSecondInsideTheWindow() {
        val rolling = RollingTimes(3)
        for (endNs in listOf(0L, 5_000_000_000, 5_100_000_000, 5_200_000_000)) rolling.add(1.0, endNs)
        assertEquals(10.0, rolling.perSecond, 1e-9)
    }

    @Test
    fun hasNoFiguresBeforeThereIsSomethingToCount() {
        val rolling = RollingTimes(4)
        assertTrue(rolling.median.isNaN() && rolling.p99.isNaN())
        rolling.add(8.0, 1)
        assertEquals(8.0, rolling.p90, 0.0)
        assertTrue(rolling.perSecond.isNaN())
    }

    @Test
    fun forgetsWhatWasBeforeAPause() {
        val rolling = RollingTimes(4)
        for (i in 1..6) rolling.add(100.0, i * 1_000L)
        rolling.clear()
        rolling.add(2.0, 0)
        rolling.add(4.0, 500_000_000)
        assertEquals(3.0, rolling.median, 0.0)
        assertEquals(2.0, rolling.perSecond, 1e-9)
    }

    @Test
    fun allocatesNothing() {
        val rolling = RollingTimes(120)
        var figures = 0.0
        fun step(i: Int) {
            rolling.add((i * 7919 % 101).toDouble(), i * 33_000_000L)
            figures = rolling.median + rolling.p90 + rolling.p99 + rolling.perSecond
        }
        repeat(20_000) { step(it) }
        var i = 0
        assertEquals(0, allocatedBytes(1_000) { step(i++) })
        assertTrue(figures.isFinite())
    }

    @Test
    fun refusesAWindowWithoutARate() {
        assertThrows(IllegalArgumentException::class.java) { RollingTimes(1) }
    }
}
