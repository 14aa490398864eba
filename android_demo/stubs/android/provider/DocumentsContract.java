package android.provider;

import android.content.ContentResolver;
import android.net.Uri;
import java.io.FileNotFoundException;
import org.jetbrains.annotations.NotNull;

public final class DocumentsContract {
    private DocumentsContract() {}

    public static final class Document {
        private Document() {}

        public static final String COLUMN_DOCUMENT_ID = "document_id";
        public static final String COLUMN_DISPLAY_NAME = "_display_name";
        public static final String COLUMN_MIME_TYPE = "mime_type";
        public static final String COLUMN_SIZE = "_size";
    }

    public static String getTreeDocumentId(Uri documentUri) { throw new RuntimeException("stub"); }

    public static Uri buildDocumentUriUsingTree(Uri treeUri, String documentId) { throw new RuntimeException("stub"); }

    public static Uri buildChildDocumentsUriUsingTree(Uri treeUri, String parentDocumentId) { throw new RuntimeException("stub"); }

    public static boolean deleteDocument(@NotNull ContentResolver content, @NotNull Uri documentUri)
            throws FileNotFoundException { throw new RuntimeException("stub"); }
}
