package dev.decant.core

import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Test

class BenchmarkTest {
    @Test
    fun interpolatesQuantilesAsNumPy() {
        // np.median and np.quantile(..., [0.9, 0.99]) of [4, 1, 3, 2]
        val time = Latency.of(doubleArrayOf(4.0, 1.0, 3.0, 2.0))
        assertArrayEquals(
            doubleArrayOf(2.5, 3.7, 3.97),
            doubleArrayOf(time.median, time.p90, time.p99),
            1e-12,
        )
        assertEquals(4, time.n)
        assertEquals(Latency(7.0, 7.0, 7.0, 1), Latency.of(doubleArrayOf(7.0)))
    }

    @Test
    fun leavesTheWarmUpOut() {
        var clock = 0L
        var calls = 0
        val time = Benchmark(warmUp = 2, runs = 3) { clock }.measure {
            calls++
            clock += if (calls <= 2) 900_000_000 else 2_000_000
        }
        assertEquals(Latency(2.0, 2.0, 2.0, 3), time)
    }

    @Test
    fun refusesNoTimes() {
        assertThrows(IllegalArgumentException::class.java) { Latency.of(DoubleArray(0)) }
    }
}
