package dev.decant.core

import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Test

private const val REPORT = """{
  "schema": 2,
  "machine": {"cpu": "EPYC", "system": "Linux", "device": "", "cores": 2, "isa": ["avx2"]},
  "candidates": [
    {"name": "int8", "accuracy": {"ap50": {"value": 0.91, "low": 0.9}, "ap": {"value": 0.5}},
     "drop": {"ap": {"value": 0.25}}, "chosen": true},
    {"name": "float", "accuracy": {}, "drop": {}}
  ],
  "verdict": []
}"""

class ReportTest {
    @Test
    fun readsTheMachineAndTheMetricsOfEveryCandidate() {
        val report = checkNotNull(Report.read(REPORT))
        assertEquals("EPYC, Linux", report.machine)
        val int8 = listOf(Metric("ap", 0.5, 0.25), Metric("ap50", 0.91, null))
        assertEquals(mapOf("int8" to int8, "float" to emptyList()), report.metrics)
    }

    @Test
    fun isNothingWhereItIsOfAnotherSchemaOrDamaged() {
        val spoiled = listOf(
            REPORT.replace("\"schema\": 2", "\"schema\": 1"),
            REPORT.replace("0.91", "\"0.91\""),
            REPORT.replace("\"accuracy\": {}, ", ""),
            REPORT.replace("[\n    {\"name\": \"int8\"", "[7, {\"name\": \"int8\""),
            REPORT.dropLast(1),
            "[]",
            "",
        )
        for (text in spoiled) assertNull(text, Report.read(text))
    }
}
