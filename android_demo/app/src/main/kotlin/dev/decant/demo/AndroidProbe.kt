package dev.decant.demo

import android.content.Context
import android.os.Build
import android.os.Debug
import android.os.PowerManager
import dev.decant.core.DeviceProbe
import dev.decant.core.Machine
import dev.decant.core.MemoryUse
import dev.decant.core.Thermal

private const val BYTES_PER_KB = 1024L

/** Asks Android what the app takes of the memory and how hot the device is. */
class AndroidProbe(context: Context) : DeviceProbe {
    private val power = context.getSystemService(PowerManager::class.java)

    override fun memory() =
        MemoryUse(Debug.getPss() * BYTES_PER_KB, Debug.getNativeHeapAllocatedSize())

    override fun thermal(): Thermal? =
        if (Build.VERSION.SDK_INT < Build.VERSION_CODES.Q) null
        else Thermal.of(power.currentThermalStatus)
}

/** This device, as `report.json` describes machines. */
fun thisMachine() = Machine(
    device = "${Build.MANUFACTURER} ${Build.MODEL}",
    architecture = Build.SUPPORTED_ABIS.first(),
    system = "Android ${Build.VERSION.RELEASE} (API ${Build.VERSION.SDK_INT})",
    cores = Runtime.getRuntime().availableProcessors(),
)
