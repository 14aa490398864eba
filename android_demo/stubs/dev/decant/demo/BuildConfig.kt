package dev.decant.demo

object BuildConfig {
    const val APPLICATION_ID = "dev.decant.demo"
    const val VERSION_NAME = "1.0"
}
