import org.jetbrains.kotlin.gradle.dsl.JvmTarget
import org.jetbrains.kotlin.gradle.dsl.KotlinVersion

plugins {
    alias(libs.plugins.kotlin.jvm)
    // Lets the app's lint look in here.
    alias(libs.plugins.android.lint)
}

java {
    sourceCompatibility = JavaVersion.VERSION_1_8
    targetCompatibility = JavaVersion.VERSION_1_8
}

kotlin {
    compilerOptions {
        // Android 7 has Java 8's library at most; a newer JDK would let newer calls through.
        jvmTarget = JvmTarget.JVM_1_8
        freeCompilerArgs.add("-Xjdk-release=8")
        languageVersion = KotlinVersion.KOTLIN_2_2
    }
}

dependencies {
    implementation(libs.gson)
    testImplementation(libs.junit)
}
