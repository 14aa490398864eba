package dev.decant.core

/** The consent of a user who agrees at [nowMs], in milliseconds since 1970. */
fun consentGiven(nowMs: Long, textVersion: Int) = Consent(isoTime(nowMs), textVersion)
