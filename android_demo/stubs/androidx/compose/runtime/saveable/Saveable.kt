package androidx.compose.runtime.saveable

import androidx.compose.runtime.Composable
import androidx.compose.runtime.MutableState

fun interface SaverScope {
    fun canBeSaved(value: Any): Boolean
}

interface Saver<Original, Saveable : Any> {
    fun SaverScope.save(value: Original): Saveable?

    fun restore(value: Saveable): Original?
}

fun <Original, Saveable> listSaver(
    save: SaverScope.(value: Original) -> List<Saveable>,
    restore: (list: List<Saveable>) -> Original?,
): Saver<Original, Any> = error("stub")

@Composable
fun <T> rememberSaveable(vararg inputs: Any?, init: () -> T): T = error("stub")

@Composable
fun <T> rememberSaveable(vararg inputs: Any?, saver: Saver<T, out Any>, init: () -> T): T = error("stub")

@Composable
fun <T> rememberSaveable(
    vararg inputs: Any?,
    stateSaver: Saver<T, out Any>,
    init: () -> MutableState<T>,
): MutableState<T> = error("stub")
