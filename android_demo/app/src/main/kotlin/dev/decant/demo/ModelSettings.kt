package dev.decant.demo

import android.content.Context
import dev.decant.core.Accelerator
import dev.decant.core.RungChoice

/** Which accelerator and threads the user wants, as it outlasts the app; automatic at first. */
class ModelSettings(context: Context) {
    private val preferences = context.getSharedPreferences("model", Context.MODE_PRIVATE)

    var choice: RungChoice
        get() = RungChoice(
            accelerator = Accelerator.entries
                .firstOrNull { it.name == preferences.getString(ACCELERATOR, null) },
            threads = preferences.getInt(THREADS, 0).takeIf { it > 0 },
        )
        set(choice) = preferences.edit()
            .putString(ACCELERATOR, choice.accelerator?.name)
            .putInt(THREADS, choice.threads ?: 0)
            .apply()

    private companion object {
        const val ACCELERATOR = "accelerator"
        const val THREADS = "threads"
    }
}
