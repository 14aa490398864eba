"""Describes the machine that a figure was measured on; a cost without this means nothing."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Final, Literal, get_args

from pydantic import BaseModel, ConfigDict

HOST: Final = "host"
"""The device that decant itself runs on, as a spec names it."""

# The instruction sets that XNNPACK chooses its kernels by, as Linux names them.
ISA_FLAGS = (
    *("sse4_1", "avx", "avx2", "fma", "f16c", "avx512f", "avx512bw", "avx512_vnni"),
    *("avx512_bf16", "avx512_fp16", "avx_vnni", "amx_int8"),
    *("asimd", "asimddp", "asimdhp", "i8mm", "bf16", "sve", "sve2", "sme"),
)
# Those of them that XNNPACK has int8 kernels for, in the order in which it prefers them
# (src/configs/gemm-config.c, qs8_qc8w).
Int8Isa = Literal[
    "amx_int8", "avx512_vnni", "avx_vnni", "avx512bw", "avx2", "i8mm", "asimddp", "asimd"
]
INT8_ISAS: Final[tuple[Int8Isa, ...]] = get_args(Int8Isa)
LIBRARIES = (
    *("ai-edge-litert", "litert-quantizer", "numpy", "onnx", "onnxruntime"),
    *("opencv-python-headless", "tensorflow-cpu", "tensorflow", "torch"),
)


class Machine(BaseModel):
    """The host and the libraries a measurement ran with.

    Attributes:
        device: As a spec names it.
        architecture: Such as "x86_64".
        cpu: The model's name as the system gives it.
        cores: How many this process may use.
        memory_bytes: Physical memory.
        isa: Instruction sets that matter to XNNPACK.
        system: Kernel's name and release.
        python: Version.
        libraries: Versions of those installed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    device: str = HOST
    architecture: str
    cpu: str
    cores: int
    memory_bytes: int
    isa: tuple[str, ...]
    system: str
    python: str
    libraries: dict[str, str]

    @property
    def int8_isa(self) -> Int8Isa | None:
        """The instruction set of the kernels that int8 convolutions and products run in here."""
        return next((isa for isa in INT8_ISAS if isa in self.isa), None)


def this_machine() -> Machine:
    """Describe the machine this runs on."""
    processor = _processor()
    flags = processor.get("flags", processor.get("Features", "")).split()
    return Machine(
        architecture=platform.machine(),
        cpu=processor.get("model name") or platform.processor() or "unknown",
        cores=usable_cores(),
        memory_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        isa=tuple(flag for flag in ISA_FLAGS if flag in flags),
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        libraries=_versions(),
    )


def usable_cores() -> int:
    """Count the cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _processor() -> dict[str, str]:
    """Read the first processor's section of /proc/cpuinfo; empty where there is none."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    first = text.strip().split("\n\n")[0]
    pairs = (line.split(":", 1) for line in first.splitlines() if ":" in line)
    return {key.strip(): value.strip() for key, value in pairs}


def _versions() -> dict[str, str]:
    """Look up the libraries' versions without importing them."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
