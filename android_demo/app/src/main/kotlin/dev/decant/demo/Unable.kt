package dev.decant.demo

import android.content.ActivityNotFoundException
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.setValue
import androidx.compose.ui.res.stringResource

/** Remembers that no app of the device could do what was wanted: choose a file, share, or show settings. */
class Unable {
    private var isSo by mutableStateOf(false)

    /** Does [action], which opens another app. */
    fun unlessThereIsNoApp(action: () -> Unit) {
        isSo = false
        try {
            action()
        } catch (_: ActivityNotFoundException) {
            isSo = true
        }
    }

    /** Says so where it is so. */
    @Composable
    fun Message() {
        if (isSo) Said(stringResource(R.string.no_app))
    }
}

@Composable
fun rememberUnable(): Unable = remember { Unable() }
