package org.json

class JSONException(message: String) : Exception(message)

class JSONObject(text: String) {
    fun get(name: String): Any = error("stub")

    fun getInt(name: String): Int = error("stub")

    fun getDouble(name: String): Double = error("stub")

    fun getBoolean(name: String): Boolean = error("stub")

    fun getString(name: String): String = error("stub")

    fun getJSONObject(name: String): JSONObject = error("stub")

    fun getJSONArray(name: String): JSONArray = error("stub")

    fun optString(name: String): String = error("stub")

    fun optString(name: String, fallback: String): String = error("stub")

    fun optJSONObject(name: String): JSONObject? = error("stub")

    fun isNull(name: String): Boolean = error("stub")

    fun keys(): Iterator<String> = error("stub")
}

class JSONArray {
    fun length(): Int = error("stub")

    fun getJSONObject(index: Int): JSONObject = error("stub")
}
