import org.jetbrains.kotlin.gradle.dsl.JvmTarget
import org.jetbrains.kotlin.gradle.dsl.KotlinVersion

// Runs on a desktop JVM only: the same core over libLiteRt.so through JNA. The app does not use it.
plugins {
    alias(libs.plugins.kotlin.jvm)
}

java {
    sourceCompatibility = JavaVersion.VERSION_11
    targetCompatibility = JavaVersion.VERSION_11
}

kotlin {
    compilerOptions {
        jvmTarget = JvmTarget.JVM_11
        languageVersion = KotlinVersion.KOTLIN_2_2
    }
}

dependencies {
    implementation(project(":core"))
    implementation(libs.gson)
    implementation(libs.jna)
    testImplementation(libs.junit)
}

tasks.test {
    // The tests need the real runtime and a bundle: -Pdecant.library=…/libLiteRt.so -Pdecant.bundle=…
    for (key in listOf("decant.library", "decant.bundle")) {
        val value = providers.gradleProperty(key).orNull
        if (value == null) enabled = false else systemProperty(key, value)
    }
}
