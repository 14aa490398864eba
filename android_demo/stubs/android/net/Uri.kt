package android.net

import java.io.File

abstract class Uri {
    companion object {
        fun fromFile(file: File): Uri = error("stub")

        fun fromParts(scheme: String, part: String?, fragment: String?): Uri = error("stub")
    }
}
