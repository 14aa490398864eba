package androidx.activity

import android.app.Activity
import android.os.Bundle

open class ComponentActivity : Activity() {
    override fun onCreate(savedInstanceState: Bundle?): Unit = error("stub")
}

class SystemBarStyle private constructor()

fun ComponentActivity.enableEdgeToEdge(
    statusBarStyle: SystemBarStyle = error("stub"),
    navigationBarStyle: SystemBarStyle = error("stub"),
): Unit = error("stub")
