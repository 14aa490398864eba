"""Checks files against a SHA-256 list as `sha256sum` writes it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..artifacts import sha256
from ..errors import DataError
from ..paths import is_file, unreadable

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

LINE = re.compile(r"([0-9a-f]{64}) [ *](.+)")


def check(listing: Path, files: Iterable[Path]) -> None:
    """Check every listed file, and that each of `files` is listed.

    Args:
        listing: Of lines "hash  path", paths relative to its folder.
        files: That the data set is made of.

    Raises:
        DataError: If the list is missing, empty or not a list, or a file is missing, changed or
            not listed.
    """
    expected = {(listing.parent / name).resolve(): digest for name, digest in _read(listing)}
    for path, digest in expected.items():
        if not is_file(path):
            raise DataError(f"{path}: listed in {listing} but missing; restore it")
        found = sha256(path)
        if found != digest:
            raise DataError(
                f"{path}: has SHA-256 {found[:12]}…, but {listing} says {digest[:12]}…; restore "
                "the file, or list it anew if the change is meant"
            )
    for file in files:
        if file.resolve() not in expected:
            raise DataError(f"{file}: not listed in {listing}; add it with sha256sum or remove it")


def _read(listing: Path) -> list[tuple[str, str]]:
    try:
        lines = listing.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise DataError(f"{listing}: {unreadable(listing, error)}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{listing}: cannot be read ({error}); restore it") from error
    result = []
    for number, line in enumerate(lines, 1):
        match = LINE.fullmatch(line)
        if match is None:
            raise DataError(f'{listing}, line {number}: "{line}" is not "hash  path"; restore it')
        result.append((match[2], match[1]))
    if not result:
        raise DataError(f"{listing}: lists nothing; write it anew with sha256sum")
    return result
