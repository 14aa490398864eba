package androidx.compose.foundation.layout

interface RowScope
