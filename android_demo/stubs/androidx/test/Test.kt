package androidx.test.core.app

class ActivityScenario<A> : AutoCloseable {
    fun recreate(): ActivityScenario<A> = error("stub")

    override fun close(): Unit = error("stub")

    companion object {
        fun <A> launch(activity: Class<A>): ActivityScenario<A> = error("stub")
    }
}
