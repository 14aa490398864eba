package dev.decant.demo

import android.app.Application
import android.content.Intent
import android.graphics.Bitmap
import android.net.Uri
import androidx.lifecycle.AndroidViewModel
import androidx.lifecycle.SavedStateHandle
import androidx.lifecycle.viewModelScope
import dev.decant.core.EngineException
import java.io.IOException
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext

/** What the photo screen shows. */
sealed interface StillState {
    data object Empty : StillState

    data object Working : StillState

    data class Failed(val reason: String) : StillState

    data class Done(val photo: Bitmap, val answer: Answer) : StillState
}

/** Answers one photo; the choice survives the death of the process, and is then answered again. */
class StillViewModel(application: Application, private val saved: SavedStateHandle) :
    AndroidViewModel(application) {
    private val host = (application as DemoApplication).modelHost
    private val mutableState = MutableStateFlow<StillState>(StillState.Empty)
    private var work: Job? = null

    val state: StateFlow<StillState> = mutableState.asStateFlow()

    init {
        saved.get<Uri>(PHOTO)?.let(::show)
    }

    fun choose(photo: Uri) {
        keepAccess(photo)
        saved[PHOTO] = photo
        show(photo)
    }

    private fun show(photo: Uri) {
        work?.cancel()
        work = viewModelScope.launch {
            mutableState.value = StillState.Working
            mutableState.value = try {
                answer(photo)
            } catch (error: IOException) {
                StillState.Failed(error.message ?: error.toString())
            } catch (error: SecurityException) {
                StillState.Failed(error.message ?: error.toString())
            } catch (error: EngineException) {
                StillState.Failed(error.message ?: error.toString())
            }
        }
    }

    private suspend fun answer(photo: Uri): StillState {
        val resolver = getApplication<Application>().contentResolver
        val bitmap = withContext(Dispatchers.IO) { readUpright(resolver, photo) }
        val answer = host.withModel { it.answer(bitmap.toFrame()) }
        return StillState.Done(bitmap, answer)
    }

    /** Without this the picker's grant ends with the process; not every picker gives it. */
    private fun keepAccess(photo: Uri) {
        try {
            getApplication<Application>().contentResolver
                .takePersistableUriPermission(photo, Intent.FLAG_GRANT_READ_URI_PERMISSION)
        } catch (_: SecurityException) {
            // Then the photo has to be chosen again after the death of the process.
        }
    }

    private companion object {
        const val PHOTO = "photo"
    }
}
