package androidx.compose.ui.text.intl

class LocaleList internal constructor()
