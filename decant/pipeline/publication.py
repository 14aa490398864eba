"""Puts what the stages made into the build folder, all or nothing."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any

from ..artifacts import sha256, updated_folder, write_json
from ..cache import RECORD
from ..errors import DataError
from ..files import GATE_JUNIT, GATE_SUMMARY, MANIFEST, REPORT
from ..manifest import listed_files, read_manifest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from ..cache import Result


def publish(out: Path, results: Sequence[Result], manifest: Mapping[str, Any]) -> None:
    """Put the files of all stages into the build folder, all or nothing.

    What earlier runs published and this one did not goes, and so does what the gate said of
    another report.
    """
    before = listed_files(out)
    stale = before.keys() - manifest["files"].keys()
    if before.get(REPORT) != manifest["files"].get(REPORT):
        stale |= {GATE_JUNIT, GATE_SUMMARY}
    with updated_folder(out, without=stale) as temporary:
        for result in results:
            for name, _ in files_of(result):
                target = temporary / name
                target.parent.mkdir(parents=True, exist_ok=True)
                link(result.folder / name, target)
        write_json(temporary / MANIFEST, manifest)


def link(source: Path, target: Path) -> None:
    """Share the bytes with the cache where the disk can, else copy them."""
    try:
        # Python links a link itself on Linux, and a relative one would lead nowhere from there.
        os.link(source.resolve(), target)
    except OSError:
        shutil.copyfile(source, target)


def is_published(out: Path, manifest: Mapping[str, Any]) -> bool:
    """Whether the build folder holds exactly these files, whichever command put them there."""
    if {**read_manifest(out), "command": manifest["command"]} != manifest:
        return False
    try:
        return all(sha256(out / name) == digest for name, digest in manifest["files"].items())
    except DataError:
        return False


def files_of(result: Result) -> Iterator[tuple[str, str]]:
    """Yield name and SHA-256 of each file a stage made for the user."""
    return ((name, digest) for name, digest in result.files.items() if name != RECORD)
