package dev.decant.host

import dev.decant.core.Engine
import dev.decant.core.EngineException
import dev.decant.core.EngineRequest
import dev.decant.core.Session
import java.io.File

/** Runs model files on a Linux host in the runtime that the phone has, through its C API. */
class HostEngine(library: File) : Engine {
    private val liteRt = LiteRt.load(library)

    override fun open(request: EngineRequest): Session {
        request.requireIntact()
        val session = HostSession(liteRt, request)
        try {
            session.open()
        } catch (error: EngineException) {
            session.close()
            throw error
        }
        return session
    }
}
