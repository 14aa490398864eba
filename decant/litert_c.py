"""LiteRT's C API through ctypes: runs a `.tflite` as a phone's `CompiledModel` does, and profiles.

The Python `Interpreter` does not tell the times of the operators that XNNPACK runs; this does. The
functions, structures and options are those of LiteRT 2.3 (litert/c of google-ai-edge/LiteRT, as
`libLiteRt.so` of the ai-edge-litert wheel exports them). A wrong file may end the process here:
call it in a child process, through `decant.isolation`.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import DataError, InternalError

PACKAGE, LIBRARY = "ai_edge_litert", "libLiteRt.so"
CPU = 1
HOST_MEMORY = 1
LOCK_WRITE = 1
TYPE_BYTES = 256
"""Room for a LiteRtRankedTensorType, which is smaller; nothing of it is read here."""
# litert_profiler_event.h and tflite/core/api/profiler.h: what an event is of.
PLAIN_OPERATOR, DELEGATED_OPERATOR = 1 << 1, 1 << 3
# LiteRtElementType of litert_model_types.h, the first word of a LiteRtRankedTensorType.
FLOAT32_ELEMENT = 1

if TYPE_CHECKING:
    from collections.abc import Iterator

Handle = ctypes.c_void_p


class _Event(ctypes.Structure):
    """ProfiledEventData of litert_profiler_event.h, with MemoryUsage of tflite/profiling."""

    _fields_ = (
        ("tag", ctypes.c_char_p),
        ("type", ctypes.c_int),
        ("start_us", ctypes.c_uint64),
        ("elapsed_us", ctypes.c_uint64),
        ("memory_before", ctypes.c_uint64 * 3),
        ("memory_after", ctypes.c_uint64 * 3),
        ("metadata", ctypes.c_uint64),
        ("more_metadata", ctypes.c_uint64),
        ("source", ctypes.c_int),
    )


@dataclass(frozen=True, slots=True)
class ProfiledEvent:
    """One operator in one run.

    Attributes:
        name: XNNPACK's of its operator, such as "Convolution (NHWC, F32) IGEMM", or that of
            LiteRT's own kernel.
        delegated: Whether XNNPACK ran it.
        number: Of the node in the file, of a kernel of LiteRT's own; of an operator of XNNPACK its
            place in the delegate's part.
        elapsed_us: Whole microseconds.
    """

    name: str
    delegated: bool
    number: int
    elapsed_us: int


class Runtime:
    """The library with an environment, which takes a tenth of a second to make; a context."""

    def __init__(self) -> None:
        """Load the library.

        Raises:
            InternalError: It is not there.
        """
        self.library = _library()
        self._left = contextlib.ExitStack()

    def __enter__(self) -> Runtime:
        self.environment = self.owned(self._left, "Environment", "CreateEnvironment", 0, None)
        return self

    def __exit__(self, *_: object) -> None:
        self._left.close()

    def compiled(self, content: bytes, source: str, threads: int = 1) -> CompiledFile:
        """Load and compile a file; it is there until the end of the context.

        Args:
            content: The file.
            source: Names it in messages.
            threads: XNNPACK's.

        Raises:
            DataError: LiteRT refuses the file.
        """
        return CompiledFile(self, self._left, content, source, threads)

    def call(self, name: str, *args: Any) -> None:
        """Call a function that returns a status.

        Raises:
            DataError: The status is not that of success.
        """
        status = getattr(self.library, f"LiteRt{name}")(*args)
        if status:
            raise DataError(f"LiteRt{name} fails with status {status} (litert_common.h)")

    def made(self, name: str, *args: Any) -> Handle:
        """Call a function that makes something, or finds it."""
        handle = Handle()
        self.call(name, *args, ctypes.byref(handle))
        return handle

    def owned(self, left: contextlib.ExitStack, what: str, name: str, *args: Any) -> Handle:
        """Make what has to be destroyed in the end."""
        handle = self.made(name, *args)
        left.callback(getattr(self.library, f"LiteRtDestroy{what}"), handle)
        return handle


class CompiledFile:
    """A `.tflite` compiled for the CPU, its inputs full of noise; `Runtime.compiled` makes it."""

    def __init__(
        self,
        runtime: Runtime,
        left: contextlib.ExitStack,
        content: bytes,
        source: str,
        threads: int,
    ) -> None:
        """Load and compile; as `Runtime.compiled`, with what is to be done in the end."""
        self._runtime, self._left, self._source = runtime, left, source
        # With more threads the processor works elsewhere, too, and only a clock tells.
        self._clock = time.thread_time if threads == 1 else time.perf_counter
        self._content = ctypes.create_string_buffer(content, len(content))
        self._open(threads, len(content))

    def run(self) -> float:
        """Run once; gives the seconds it took, on one thread those of the processor."""
        start = self._clock()
        self._call(
            "RunCompiledModel",
            self._compiled,
            ctypes.c_size_t(0),
            ctypes.c_size_t(len(self._inputs)),
            self._inputs,
            ctypes.c_size_t(len(self._outputs)),
            self._outputs,
        )
        return self._clock() - start

    def profile(self) -> list[ProfiledEvent]:
        """Run once, and tell of every operator, in the order in which they ran."""
        self._call("ResetProfiler", self._profiler)
        self._call("StartProfiler", self._profiler)
        self.run()
        self._call("StopProfiler", self._profiler)
        count = ctypes.c_int()
        self._call("GetNumProfilerEvents", self._profiler, ctypes.byref(count))
        events = (_Event * count.value)()
        self._call("GetProfilerEvents", self._profiler, count, events)
        return [
            ProfiledEvent(
                event.tag.decode(errors="replace"),
                event.type == DELEGATED_OPERATOR,
                int(event.metadata),
                int(event.elapsed_us),
            )
            for event in events
            if event.type in (PLAIN_OPERATOR, DELEGATED_OPERATOR)
        ]

    def _open(self, threads: int, size: int) -> None:
        environment = self._runtime.environment
        model = self._owned(
            "Model", "CreateModelFromBuffer", environment, self._content, ctypes.c_size_t(size)
        )
        options = self._owned("Options", "CreateOptions")
        self._call("SetOptionsHardwareAccelerators", options, CPU)
        texts = {
            "xnnpack": f"num_threads = {threads}\n",
            "runtime_options_string": "enable_profiling = true\n",
        }
        for identifier, text in texts.items():
            self._call("AddOpaqueOptions", options, self._opaque(identifier, text))
        self._compiled = self._owned(
            "CompiledModel", "CreateCompiledModel", environment, model, options
        )
        signature = self._made("GetModelSignature", model, ctypes.c_size_t(0))
        self._inputs = self._buffers("Input", environment, signature)
        self._outputs = self._buffers("Output", environment, signature)
        self._profiler = self._made("CompiledModelGetProfiler", self._compiled)
        if not self._profiler:
            raise InternalError(
                f"{LIBRARY} gives no profiler; the option enable_profiling of LiteRT 2.3 is not"
                " known to it: install the version that constraints.txt names"
            )

    def _opaque(self, identifier: str, text: str) -> Handle:
        """Make an option of a text that the options own, and free."""
        libc = ctypes.CDLL(None)
        libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
        payload = text.encode() + b"\0"
        memory = libc.malloc(len(payload))
        ctypes.memmove(memory, payload, len(payload))
        free = ctypes.cast(libc.free, ctypes.c_void_p)
        return self._made("CreateOpaqueOptions", identifier.encode(), Handle(memory), free)

    def _buffers(self, side: str, environment: Handle, signature: Handle) -> Any:
        """Make the buffers of the inputs or outputs, and write noise into those of inputs."""
        count = ctypes.c_size_t()
        self._call(f"GetNumSignature{side}s", signature, ctypes.byref(count))
        buffers = (Handle * count.value)()
        for at in range(count.value):
            place = ctypes.c_size_t(at)
            tensor = self._made(f"GetSignature{side}TensorByIndex", signature, place)
            kind = ctypes.create_string_buffer(TYPE_BYTES)
            self._call("GetRankedTensorType", tensor, kind)
            needs = self._made(
                f"GetCompiledModel{side}BufferRequirements",
                self._compiled,
                ctypes.c_size_t(0),
                place,
            )
            size = ctypes.c_size_t()
            self._call("GetTensorBufferRequirementsBufferSize", needs, ctypes.byref(size))
            buffer = self._owned(
                "TensorBuffer", "CreateManagedTensorBuffer", environment, HOST_MEMORY, kind, size
            )
            self._fill(
                buffer, size.value, floats=ctypes.c_int.from_buffer(kind).value == FLOAT32_ELEMENT
            )
            buffers[at] = buffer.value
        return buffers

    def _fill(self, buffer: Handle, size: int, *, floats: bool) -> None:
        """Write noise for floats, and zeros for integers, which are indices now and then."""
        noise = np.zeros(size, np.uint8)
        if floats:
            drawn = np.random.default_rng(0).normal(size=size // 4).astype(np.float32)
            noise[: drawn.nbytes] = drawn.view(np.uint8)
        address = Handle()
        self._call("LockTensorBuffer", buffer, ctypes.byref(address), LOCK_WRITE)
        ctypes.memmove(address, noise.ctypes.data, size)
        self._call("UnlockTensorBuffer", buffer)

    def _owned(self, what: str, name: str, *args: Any) -> Handle:
        with self._named():
            return self._runtime.owned(self._left, what, name, *args)

    def _made(self, name: str, *args: Any) -> Handle:
        with self._named():
            return self._runtime.made(name, *args)

    def _call(self, name: str, *args: Any) -> None:
        with self._named():
            self._runtime.call(name, *args)

    @contextlib.contextmanager
    def _named(self) -> Iterator[None]:
        """Say of which file LiteRT speaks."""
        try:
            yield
        except DataError as error:
            raise DataError(f"{self._source}: {error}; make the file again") from error


def _library() -> ctypes.CDLL:
    """Load the library of the ai-edge-litert wheel."""
    found = importlib.util.find_spec(PACKAGE)
    path = Path((found and found.origin) or PACKAGE).parent / LIBRARY
    try:
        return ctypes.CDLL(str(path))
    except OSError as error:
        raise InternalError(
            f"{path}: cannot be loaded ({error}); install ai-edge-litert 2.3 for this system"
        ) from error
