package androidx.activity

import android.app.Activity
import android.os.Bundle
import androidx.activity.result.contract.ActivityResultContracts

open class ComponentActivity : Activity() {
    protected open fun onCreate(savedInstanceState: Bundle?): Unit = error("stub")
}

fun ComponentActivity.enableEdgeToEdge(): Unit = error("stub")
