package android.view

import android.content.Context

class Display {
    val rotation: Int get() = error("stub")
}

open class View {
    val context: Context get() = error("stub")
    val display: Display? get() = error("stub")
}
