package android.net

abstract class Uri {
    companion object {
        fun fromParts(scheme: String, part: String?, fragment: String?): Uri = error("stub")
    }
}
