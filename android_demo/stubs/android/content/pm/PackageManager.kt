package android.content.pm

abstract class PackageManager {
    companion object {
        const val PERMISSION_GRANTED = 0
    }
}
