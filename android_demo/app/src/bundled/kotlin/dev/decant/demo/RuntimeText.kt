package dev.decant.demo

/** Where the runtime comes from, and what it tells others. */
internal val RUNTIME_TEXT = R.string.runtime_bundled
