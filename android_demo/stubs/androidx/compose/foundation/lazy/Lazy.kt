package androidx.compose.foundation.lazy

import androidx.compose.foundation.OverscrollEffect
import androidx.compose.foundation.gestures.FlingBehavior
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.PaddingValues
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier

@DslMarker
annotation class LazyScopeMarker

class LazyListState(firstVisibleItemIndex: Int = 0, firstVisibleItemScrollOffset: Int = 0)

@Composable
fun rememberLazyListState(
    initialFirstVisibleItemIndex: Int = 0,
    initialFirstVisibleItemScrollOffset: Int = 0,
): LazyListState = error("stub")

@LazyScopeMarker
interface LazyItemScope

@LazyScopeMarker
interface LazyListScope {
    fun item(
        key: Any? = null,
        contentType: Any? = null,
        content: @Composable LazyItemScope.() -> Unit,
    ): Unit = error("stub")

    fun items(
        count: Int,
        key: ((index: Int) -> Any)? = null,
        contentType: (index: Int) -> Any? = { null },
        itemContent: @Composable LazyItemScope.(index: Int) -> Unit,
    ): Unit = error("stub")
}

inline fun <T> LazyListScope.items(
    items: List<T>,
    noinline key: ((item: T) -> Any)? = null,
    noinline contentType: (item: T) -> Any? = { null },
    crossinline itemContent: @Composable LazyItemScope.(item: T) -> Unit,
): Unit = error("stub")

@Composable
fun LazyColumn(
    modifier: Modifier = Modifier,
    state: LazyListState = error("stub"),
    contentPadding: PaddingValues = error("stub"),
    reverseLayout: Boolean = false,
    verticalArrangement: Arrangement.Vertical = error("stub"),
    horizontalAlignment: Alignment.Horizontal = Alignment.Start,
    flingBehavior: FlingBehavior = error("stub"),
    userScrollEnabled: Boolean = true,
    overscrollEffect: OverscrollEffect? = error("stub"),
    content: LazyListScope.() -> Unit,
): Unit = error("stub")
