package dev.decant.core

import com.google.gson.Gson
import com.google.gson.JsonElement
import com.google.gson.JsonObject
import com.google.gson.JsonParseException
import com.google.gson.stream.JsonReader
import com.google.gson.stream.JsonToken
import java.io.IOException
import java.io.StringReader

/** The fields of a JSON object at [path], each read once and by its type; unknown ones are refused. */
internal class JsonFields(private val path: String, private val json: JsonObject) {
    private val read = mutableSetOf<String>()

    /** What a field that must be there holds; null where it says null. */
    inline fun <T> nullable(name: String, convert: (String) -> T): T? =
        if (need(name).isJsonNull) null else convert(name)

    fun string(name: String): String = asString(need(name), at(name))

    fun boolean(name: String): Boolean {
        val element = need(name)
        val isBoolean = element.isJsonPrimitive && element.asJsonPrimitive.isBoolean
        return if (isBoolean) element.asBoolean else refuse(at(name), "must be true or false")
    }

    fun int(name: String, range: IntRange): Int = asInt(need(name), at(name), range)

    fun long(name: String): Long {
        val element = need(name)
        val value = if (isNumber(element)) element.asString.toLongOrNull() else null
        return value?.takeIf { it >= 1 } ?: refuse(at(name), "must be a whole number from 1")
    }

    fun double(name: String): Double = asDouble(need(name), at(name))

    /** Refuses every text but the only one that there is. */
    fun constant(name: String, only: String) {
        val given = string(name)
        if (given != only) refuse(at(name), "is \"$given\", not \"$only\"")
    }

    /** One of the constants of an enum, or of those [among] them, written in lower case. */
    inline fun <reified E : Enum<E>> choice(name: String, among: List<E> = enumValues<E>().toList()): E {
        val given = string(name)
        return among.firstOrNull { it.name.lowercase() == given } ?: refuse(
            at(name),
            "is \"$given\", not one of ${among.joinToString { it.name.lowercase() }}",
        )
    }

    fun fields(name: String): JsonFields = asFields(need(name), at(name))

    fun <T> value(name: String, convert: (JsonElement, String) -> T): T = convert(need(name), at(name))

    /** Each element of an array, with the path that it is found at. */
    fun <T> list(name: String, convert: (JsonElement, String) -> T): List<T> {
        val element = need(name)
        if (!element.isJsonArray) refuse(at(name), "must be an array")
        return element.asJsonArray.mapIndexed { index, item -> convert(item, "${at(name)}.$index") }
    }

    /** Every member of an object whose keys are free. */
    fun <T> map(name: String, convert: (JsonElement, String) -> T): Map<String, T> =
        asMap(need(name), at(name), convert)

    /** Refuses fields that nobody asked for. */
    fun close() {
        val unknown = json.keySet() - read
        if (unknown.isNotEmpty()) refuse(at(unknown.first()), "is not a field of this format")
    }

    fun at(name: String): String = if (path.isEmpty()) name else "$path.$name"

    fun need(name: String): JsonElement {
        read += name
        return json.get(name) ?: refuse(at(name), "is missing")
    }

    companion object {
        private const val MAX_DEPTH = 32

        fun refuse(path: String, fault: String): Nothing = throw SidecarException(
            "model.json: ${path.ifEmpty { "the document" }} $fault; make it again with decant tflite",
        )

        /** Parses strictly: no comments, no bare words, nothing after the end. */
        fun parse(text: String): JsonFields {
            refuseDepth(text)
            val reader = JsonReader(StringReader(text))
            try {
                val element = Gson().getAdapter(JsonElement::class.java).read(reader)
                if (reader.peek() != JsonToken.END_DOCUMENT) refuse("", "goes on after its end")
                return asFields(element, "")
            } catch (error: IOException) {
                throw damaged(error)
            } catch (error: JsonParseException) {
                throw damaged(error)
            }
        }

        /** A parser goes as deep as the text does, and a thread's stack does not. */
        private fun refuseDepth(text: String) {
            var depth = 0
            var quoted = false
            var escaped = false
            for (char in text) {
                if (escaped) escaped = false
                else if (quoted && char == '\\') escaped = true
                else if (char == '"') quoted = !quoted
                else if (!quoted && char in "[{") depth++
                else if (!quoted && char in "]}") depth--
                if (depth > MAX_DEPTH) refuse("", "is nested more than $MAX_DEPTH deep")
            }
        }

        private fun damaged(error: Exception) =
            SidecarException("model.json: not JSON (${error.message}); copy it again", error)

        fun asFields(element: JsonElement, path: String): JsonFields =
            if (element.isJsonObject) JsonFields(path, element.asJsonObject)
            else refuse(path, "must be an object")

        fun <T> asMap(
            element: JsonElement,
            path: String,
            convert: (JsonElement, String) -> T,
        ): Map<String, T> {
            if (!element.isJsonObject) refuse(path, "must be an object")
            return element.asJsonObject.entrySet().associate { (key, value) ->
                key to convert(value, "$path.$key")
            }
        }

        fun asString(element: JsonElement, path: String): String {
            val isString = element.isJsonPrimitive && element.asJsonPrimitive.isString
            return if (isString) element.asString else refuse(path, "must be a string")
        }

        fun asInt(element: JsonElement, path: String, range: IntRange): Int {
            val value = if (isNumber(element)) element.asString.toIntOrNull() else null
            return value?.takeIf { it in range }
                ?: refuse(path, "must be a whole number from ${range.first} to ${range.last}")
        }

        fun asDouble(element: JsonElement, path: String): Double {
            val value = if (isNumber(element)) element.asString.toDoubleOrNull() else null
            return value?.takeIf { it.isFinite() } ?: refuse(path, "must be a finite number")
        }

        private fun isNumber(element: JsonElement) =
            element.isJsonPrimitive && element.asJsonPrimitive.isNumber
    }
}
