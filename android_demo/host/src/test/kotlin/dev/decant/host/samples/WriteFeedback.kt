package dev.decant.host.samples

import dev.decant.core.Accelerator
import dev.decant.core.AppInfo
import dev.decant.core.ConsentWording
import dev.decant.core.Correction
import dev.decant.core.FeedbackExport
import dev.decant.core.FeedbackLog
import dev.decant.core.FeedbackRecord
import dev.decant.core.FeedbackSummary
import dev.decant.core.FoundQuad
import dev.decant.core.Quad
import dev.decant.core.SidecarReader
import dev.decant.core.StageTimes
import java.awt.image.BufferedImage
import java.io.ByteArrayOutputStream
import java.io.File
import java.nio.file.Files
import javax.imageio.ImageIO

/**
 * Writes an archive as the app would, for `decant feedback import` to read, of photos that were kept
 * under a consent to some version of a wording: `WriteFeedback BUNDLE ZIP VERSION SHA256`.
 */
fun main(arguments: Array<String>) {
    val (bundle, zip) = arguments.take(2).map(::File)
    val wording = ConsentWording(arguments[2].toInt(), arguments[3])
    val sidecar = SidecarReader.read(File(bundle, "model.json").readText())
    val golden = sidecar.golden.first()
    val photo = ImageIO.read(File(bundle, golden.photo!!))
    val found = golden.predictions.map { FoundQuad(it.label, it.score.toFloat(), quad(it.quad)) }
    val folder = Files.createTempDirectory("decant").toFile()
    val log = FeedbackLog(folder)
    log.agree(wording)
    val corrections = listOf(
        emptyList(),
        listOf(Correction.Delete(0), Correction.Move(1, found[0].quad)),
        listOf(Correction.Add(sidecar.labels.first(), found[0].quad), Correction.Remark("남은 글자 · a rest")),
    )
    for (each in corrections) {
        val times = StageTimes(shutterToScreen = 61.5, preprocess = 2.5, inference = 20.0, decode = 0.25)
        val size = photo.width to photo.height
        log.add(FeedbackRecord(size, sidecar.cpu.sha256, Accelerator.CPU, found, each, times), jpeg(photo), wording)
    }
    val export = FeedbackExport(sidecar, AppInfo("decant demo", "1.0", "JVM on Linux"))
    val now = System.currentTimeMillis()
    export.write(export.choose(log.list().map(FeedbackSummary::of), now), now, zip.outputStream())
    folder.deleteRecursively()
}

private fun quad(corners: List<Pair<Double, Double>>) =
    Quad(corners.map { (x, y) -> listOf(x.toFloat(), y.toFloat()) })

private fun jpeg(photo: BufferedImage): ByteArray {
    val rgb = BufferedImage(photo.width, photo.height, BufferedImage.TYPE_INT_RGB)
    rgb.createGraphics().drawImage(photo, 0, 0, null)
    return ByteArrayOutputStream().also { ImageIO.write(rgb, "jpg", it) }.toByteArray()
}
