package android.content.res;

import org.jetbrains.annotations.NotNull;

public class Resources {
    Resources() {}

    public Configuration getConfiguration() { throw new RuntimeException("stub"); }

    public @NotNull String getString(int id) throws NotFoundException { throw new RuntimeException("stub"); }

    public @NotNull String getString(int id, Object... formatArgs) throws NotFoundException { throw new RuntimeException("stub"); }

    public @NotNull String getQuantityString(int id, int quantity) throws NotFoundException { throw new RuntimeException("stub"); }

    public @NotNull String getQuantityString(int id, int quantity, Object... formatArgs)
            throws NotFoundException { throw new RuntimeException("stub"); }

    public static class NotFoundException extends RuntimeException {}
}
