"""Words for refusing an archive, with nothing in them that a hostile file could play with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

EXPORT_AGAIN = "nothing of it was imported; export it again from the app"
DO_NOT_TRUST = "nothing of it was imported; do not use a file from this source"
SHOWN = 80
"""Characters of a value that a message repeats."""


def refused(archive: Path, member: str, fault: str, action: str = EXPORT_AGAIN) -> DataError:
    """Make the error that refuses an archive whole.

    Args:
        archive: The zip.
        member: Name in it, "" for the zip itself.
        fault: What is wrong, with the value.
        action: What the user does next.
    """
    place = f"{archive}: {shown(member)}" if member else f"{archive}"
    return DataError(f"{place}: {fault}; {action}")


def shown(value: object) -> str:
    """Write a value on one line: control characters escaped, and no longer than a line."""
    text = value if isinstance(value, str) else repr(value)
    text = text.encode("unicode_escape").decode("ascii")
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
