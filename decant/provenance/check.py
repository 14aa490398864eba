"""Refuses a result that was made from something else than there is now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import DataError
from .changes import changes
from .schema import digests

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from .schema import Provenance

RENEWAL = "decant tflite MODEL"


def check_current(path: Path, then: Provenance | None, now: Provenance, renewal: str) -> None:
    """Refuse a report or manifest whose provenance no longer holds.

    Args:
        path: Of the result.
        then: What it was made from; None where it does not say.
        now: What it would be made from now.
        renewal: Command that makes it anew.

    Raises:
        DataError: If it does not hold; the message names every change and the command.
    """
    if then is None:
        raise DataError(
            f"{path}: does not say what it was made from, so nothing shows that it still holds; "
            f"make it anew with: {renewal}"
        )
    _refuse(path, changes(then, now), renewal)


def check_digests(path: Path, then: Mapping[str, str], now: Provenance, renewal: str) -> None:
    """Do the same for a sidecar, which tells of each section only whether it has changed.

    Raises:
        DataError: If a section or the code is another.
    """
    current = digests(now)
    differing = sorted(
        name for name in then.keys() | current if then.get(name) != current.get(name)
    )
    _refuse(path, [_section(name) for name in differing], renewal)


def _section(name: str) -> str:
    if name == "code":
        return "code: of the spec's functions or of decant, or a library that they import"
    return f"[{name}]: what it says, or a file that it names"


def _refuse(path: Path, found: Iterable[str], renewal: str) -> None:
    lines = "".join(f"\n  {line}" for line in found)
    if lines:
        raise DataError(
            f"{path}: was made from something else than there is now:{lines}\n"
            f"Make it anew with: {renewal}"
        )
