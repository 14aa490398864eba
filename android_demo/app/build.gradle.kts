plugins {
    alias(libs.plugins.android.application)
    alias(libs.plugins.kotlin.compose)
}

android {
    namespace = "dev.decant.demo"
    compileSdk = 36

    defaultConfig {
        applicationId = "dev.decant.demo"
        minSdk = 24
        targetSdk = 36
        versionCode = 1
        versionName = "1.0"
        testInstrumentationRunner = "androidx.test.runner.AndroidJUnitRunner"
        // LiteRT has no library for other processors; the app then cannot be installed, not crash.
        ndk { abiFilters += listOf("arm64-v8a", "x86_64") }
    }

    flavorDimensions += "runtime"
    productFlavors {
        create("bundled") { dimension = "runtime" }
        create("play") {
            dimension = "runtime"
            applicationIdSuffix = ".play"
        }
    }

    buildTypes {
        release {
            isMinifyEnabled = true
            isShrinkResources = true
            proguardFiles(getDefaultProguardFile("proguard-android-optimize.txt"), "proguard-rules.pro")
            // For trying the shrunk app on an emulator; whoever publishes it signs it.
            if (providers.gradleProperty("decant.debugSigned").isPresent) {
                signingConfig = signingConfigs.getByName("debug")
            }
        }
    }

    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_11
        targetCompatibility = JavaVersion.VERSION_11
    }

    buildFeatures {
        compose = true
        buildConfig = true
    }

    // Stored, so that installing does not unpack it a second time.
    androidResources { noCompress += "tflite" }

    packaging {
        // Native libraries stay uncompressed, which the plugin then aligns to 16 KB in the APK.
        jniLibs { useLegacyPackaging = false }
        // Several Kotlin libraries bring these licences under the same name, which would end the build.
        resources { excludes += "/META-INF/{AL2.0,LGPL2.1}" }
    }

    lint {
        abortOnError = true
        // The core, too, is held to what Android has from minSdk on.
        checkDependencies = true
        // The versions are pinned on purpose; a newer one is news, not a fault.
        informational += listOf("GradleDependency", "NewerVersionAvailable", "AndroidGradlePluginVersion")
    }
}

// A consent that names nobody whom the user can ask is worth little, and only who ships the app knows whom.
tasks.named("preBuild") {
    val file = "src/main/res/values/contact.xml"
    val contact = providers.fileContents(layout.projectDirectory.file(file)).asText
    doLast {
        if (Regex("feedback_contact\"[^>]*>\\s*</").containsMatchIn(contact.get())) {
            logger.warn("feedback_contact in app/$file is empty: the app names nobody whom users can ask")
        }
    }
}

dependencies {
    implementation(project(":core"))
    implementation(platform(libs.compose.bom))
    implementation(libs.bundles.androidx)
    implementation(libs.bundles.camerax)
    implementation(libs.bundles.compose)
    implementation(libs.bundles.coroutines)
    implementation(libs.bundles.lifecycle)
    implementation(libs.gson)

    "bundledImplementation"(libs.litert)
    "bundledImplementation"(libs.litert.gpu)
    "playImplementation"(libs.coroutines.play.services)
    "playImplementation"(libs.play.services.basement)
    "playImplementation"(libs.play.services.litert)

    debugImplementation(libs.compose.ui.test.manifest)
    androidTestImplementation(platform(libs.compose.bom))
    androidTestImplementation(libs.bundles.instrumented)
}
