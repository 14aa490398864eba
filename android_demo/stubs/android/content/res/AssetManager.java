package android.content.res;

import java.io.IOException;
import java.io.InputStream;
import org.jetbrains.annotations.NotNull;
import org.jetbrains.annotations.Nullable;

public final class AssetManager implements AutoCloseable {
    AssetManager() {}

    public @NotNull InputStream open(@NotNull String fileName) throws IOException { throw new RuntimeException("stub"); }

    public @Nullable String[] list(@NotNull String path) throws IOException { throw new RuntimeException("stub"); }

    @Override
    public void close() {}
}
