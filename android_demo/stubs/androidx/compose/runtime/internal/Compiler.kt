package androidx.compose.runtime.internal

import androidx.compose.runtime.Composer
import androidx.compose.runtime.Composable

interface ComposableLambda

fun composableLambda(composer: Composer, key: Int, tracked: Boolean, block: Any): ComposableLambda =
    error("stub")

fun composableLambdaInstance(key: Int, tracked: Boolean, block: Any): ComposableLambda =
    error("stub")

@Composable
fun rememberComposableLambda(key: Int, tracked: Boolean, block: Any): ComposableLambda =
    error("stub")

annotation class StabilityInferred(val parameters: Int)

annotation class FunctionKeyMeta(val key: Int, val startOffset: Int, val endOffset: Int)

annotation class FunctionKeyMetaClass(val file: String)
