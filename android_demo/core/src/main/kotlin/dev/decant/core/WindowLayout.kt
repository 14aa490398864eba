package dev.decant.core

/**
 * How the screens lie in a window.
 *
 * @property hasRail whether the tabs stand at the side, else they lie at the bottom.
 * @property isSideBySide whether a picture and what belongs to it stand side by side, else one below the other.
 */
data class WindowLayout(val hasRail: Boolean, val isSideBySide: Boolean) {
    companion object {
        // Material's bounds of medium width and of compact height.
        private const val MEDIUM_WIDTH = 600f
        private const val COMPACT_HEIGHT = 480f

        /** Decides by the size of the window in density-independent pixels. */
        fun of(widthDp: Float, heightDp: Float): WindowLayout {
            val isWide = widthDp > heightDp
            val hasRail = widthDp >= MEDIUM_WIDTH || isWide && heightDp < COMPACT_HEIGHT
            return WindowLayout(hasRail, isSideBySide = hasRail && isWide)
        }
    }
}
