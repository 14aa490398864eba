package androidx.camera.core.resolutionselector

import android.util.Size

class ResolutionStrategy(size: Size, fallback: Int) {
    companion object {
        const val FALLBACK_RULE_CLOSEST_HIGHER_THEN_LOWER = 2
    }
}

class ResolutionSelector {
    class Builder {
        fun setResolutionStrategy(strategy: ResolutionStrategy): Builder = error("stub")

        fun build(): ResolutionSelector = error("stub")
    }
}
