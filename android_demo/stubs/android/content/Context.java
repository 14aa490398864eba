package android.content;

import android.content.pm.ApplicationInfo;
import android.content.res.AssetManager;
import android.content.res.Resources;
import java.io.File;
import org.jetbrains.annotations.NotNull;

public abstract class Context {
    public static final int MODE_PRIVATE = 0;

    public AssetManager getAssets() { throw new RuntimeException("stub"); }

    public File getCacheDir() { throw new RuntimeException("stub"); }

    public File getFilesDir() { throw new RuntimeException("stub"); }

    public File getNoBackupFilesDir() { throw new RuntimeException("stub"); }

    public Resources getResources() { throw new RuntimeException("stub"); }

    public ContentResolver getContentResolver() { throw new RuntimeException("stub"); }

    public ApplicationInfo getApplicationInfo() { throw new RuntimeException("stub"); }

    public String getPackageName() { throw new RuntimeException("stub"); }

    public Context getApplicationContext() { throw new RuntimeException("stub"); }

    public SharedPreferences getSharedPreferences(String name, int mode) { throw new RuntimeException("stub"); }

    public final @NotNull String getString(int resId) { throw new RuntimeException("stub"); }

    public final @NotNull String getString(int resId, Object... formatArgs) { throw new RuntimeException("stub"); }

    public Object getSystemService(@NotNull String name) { throw new RuntimeException("stub"); }

    public final <T> T getSystemService(@NotNull Class<T> serviceClass) { throw new RuntimeException("stub"); }

    public void startActivity(Intent intent) { throw new RuntimeException("stub"); }

    public int checkSelfPermission(@NotNull String permission) { throw new RuntimeException("stub"); }
}
