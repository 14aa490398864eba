package dev.decant.demo

import android.os.Bundle
import androidx.activity.ComponentActivity
import androidx.activity.compose.setContent
import androidx.activity.enableEdgeToEdge
import dev.decant.core.holdOnly

class MainActivity : ComponentActivity() {
    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        // A fresh start shows no photo: what Android ended before it could be released is released now.
        if (savedInstanceState == null) GalleryRights(contentResolver).holdOnly(null)
        enableEdgeToEdge()
        setContent { DemoTheme { DemoScreens() } }
    }
}
