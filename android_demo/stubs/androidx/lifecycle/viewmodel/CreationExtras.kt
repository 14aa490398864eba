package androidx.lifecycle.viewmodel

abstract class CreationExtras internal constructor() {
    object Empty : CreationExtras()
}
