package androidx.annotation

import kotlin.reflect.KClass

annotation class DrawableRes

annotation class StringRes

annotation class OptIn(vararg val markerClass: KClass<out Annotation>)
