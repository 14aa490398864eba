package dev.decant.demo

import android.app.Application
import android.net.Uri
import androidx.lifecycle.AndroidViewModel
import androidx.lifecycle.SavedStateHandle
import androidx.lifecycle.viewModelScope
import dev.decant.core.PhotoException
import dev.decant.core.PhotoFault
import dev.decant.core.holdOnly
import dev.decant.core.reporting
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.ensureActive
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

    /** The photo itself is what cannot be used. */
    data class Unusable(val fault: PhotoFault) : StillState

    data class Done(val still: StillPicture) : StillState
}

/**
 * Answers one photo and lets the user correct the answer.
 *
 * The choice survives the death of the process, and is then answered again; corrections that were
 * not kept survive only rotation.
 */
class StillViewModel(application: Application, private val saved: SavedStateHandle) :
    AndroidViewModel(application) {
    private val host = (application as DemoApplication).modelHost
    private val store = (application as DemoApplication).feedback
    private val rights = GalleryRights(application.contentResolver)
    private val mutableState = MutableStateFlow<StillState>(StillState.Empty)
    private var work: Job? = null

    /** The model that answered last. */
    private var bundle: String? = null

    /** When the photo was chosen; null where the user has looked away since, or never chose it. */
    private var waitingSinceNs: Long? = null

    val state: StateFlow<StillState> = mutableState.asStateFlow()
    val threshold: StateFlow<Double?> = host.threshold.asStateFlow()

    init {
        saved.get<Uri>(PHOTO)?.let(::show)
    }

    fun choose(photo: Uri) {
        // Without it the picker's grant may end with the process.
        rights.holdOnly(photo.toString())
        saved[PHOTO] = photo
        // A photo of the gallery has no shutter: the user waits from the moment of choosing it.
        waitingSinceNs = System.nanoTime()
        show(photo)
    }

    /** Says that the user has left the screen: what follows is no waiting for the answer. */
    fun leave() {
        waitingSinceNs = null
    }

    fun setThreshold(threshold: Double) {
        host.threshold.value = threshold
    }

    /** Says which model answers now; a photo that another one has answered is answered again. */
    fun answerWith(model: LoadedModel) {
        val before = bundle
        bundle = model.bundle.id
        if (before != null && before != bundle) answerAgain()
    }

    /** Answers the photo once more, as it is to be answered now. */
    fun answerAgain() {
        saved.get<Uri>(PHOTO)?.let(::show)
    }

    private fun show(photo: Uri) {
        work?.cancel()
        work = viewModelScope.launch {
            mutableState.value = StillState.Working
            val result = reporting<StillState>(StillState::Failed) { tryToAnswer(photo) }
            // A photo whose place another one took meanwhile fails once its right is released.
            ensureActive()
            if (result is StillState.Unusable) forget()
            mutableState.value = result
        }
    }

    private suspend fun tryToAnswer(photo: Uri): StillState = try {
        answer(photo)
    } catch (error: PhotoException) {
        StillState.Unusable(error.fault)
    }

    private suspend fun answer(photo: Uri): StillState {
        val resolver = getApplication<Application>().contentResolver
        val upright = withContext(Dispatchers.IO) { readPhoto(resolver, photo) }
        val answered = host.withModel { model ->
            val answer = model.answer(upright.toFrame(), host.threshold.value)
            answer.mask // Made here, not on the main thread.
            AnsweredPhoto(upright, answer, model.sidecar.labels) {
                waitingSinceNs?.let(::millisecondsSince)
            }
        }
        return StillState.Done(StillPicture.of(answered, store, viewModelScope))
    }

    /** Gives the photo back: it is not to be opened again. */
    private fun forget() {
        saved.remove<Uri>(PHOTO)
        rights.holdOnly(null)
    }

    /** The user has left the app: what was saved is gone, too. */
    override fun onCleared() = rights.holdOnly(null)

    private companion object {
        const val PHOTO = "photo"
    }
}
