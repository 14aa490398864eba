package androidx.camera.core.resolutionselector;

import org.jetbrains.annotations.NotNull;

public final class ResolutionSelector {
    ResolutionSelector() {}

    public static final class Builder {
        public @NotNull Builder setResolutionStrategy(@NotNull ResolutionStrategy resolutionStrategy) { throw new RuntimeException("stub"); }

        public @NotNull ResolutionSelector build() { throw new RuntimeException("stub"); }
    }
}
