package androidx.compose.ui.window

class DialogProperties
