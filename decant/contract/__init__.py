"""What the app and the page mirror: the sidecar, its rules, and what carries them out.

Kotlin (`android_demo/core`) and JavaScript (`decant/demo/web`) do the same, to the last bit.
"""
