package android.database;

import java.io.Closeable;

public interface Cursor extends Closeable {
    int getCount();

    boolean moveToNext();

    String getString(int columnIndex);

    boolean isNull(int columnIndex);

    @Override
    void close();
}
