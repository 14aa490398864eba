// Versions stand in gradle/libs.versions.toml. The Kotlin plugin named here also raises the Kotlin
// that is built into the Android Gradle plugin, so that the Compose compiler plugin fits it.
plugins {
    alias(libs.plugins.android.application) apply false
    alias(libs.plugins.android.lint) apply false
    alias(libs.plugins.kotlin.jvm) apply false
    alias(libs.plugins.kotlin.compose) apply false
}
