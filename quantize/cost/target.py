"""What costs are measured on."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Any, Protocol

from decant.machine import this_machine
from decant.runtime_profile import profile_files

from ..recipes import quantizer_version

if TYPE_CHECKING:
    from collections.abc import Mapping

    from decant.runtime_profile import Profile

RUNTIME = "ai-edge-litert"


class Target(Protocol):
    """A device with a runtime."""

    @property
    def identity(self) -> Mapping[str, Any]:
        """All that a time depends on beside the file, as JSON can hold it."""

    def profile(self, files: Mapping[str, bytes]) -> dict[str, Profile]:
        """Time files, as `decant.runtime_profile.profile_files` does."""


@dataclass(frozen=True, slots=True)
class Host:
    """This machine with the LiteRT that is installed.

    Attributes:
        threads: XNNPACK's.
    """

    threads: int = 1

    @property
    def identity(self) -> Mapping[str, Any]:
        """Processor, instruction sets, number of threads and versions of the libraries."""
        machine = this_machine()
        return {
            "device": machine.device,
            "architecture": machine.architecture,
            "cpu": machine.cpu,
            "isa": list(machine.isa),
            "threads": self.threads,
            "runtime": f"{RUNTIME} {metadata.version(RUNTIME)}",
            "quantizer": quantizer_version(),
        }

    def profile(self, files: Mapping[str, bytes]) -> dict[str, Profile]:
        """Time files in a process of its own."""
        return profile_files(files, threads=self.threads)
