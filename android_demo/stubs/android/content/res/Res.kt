package android.content.res

import java.io.InputStream

class AssetManager {
    fun open(name: String): InputStream = error("stub")

    fun list(path: String): Array<String>? = error("stub")
}

class Resources {
    fun getString(id: Int, vararg arguments: Any): String = error("stub")

    fun getQuantityString(id: Int, quantity: Int, vararg arguments: Any): String = error("stub")
}
