"""Pages on disk, named after everything that they are made from."""

from __future__ import annotations

from pathlib import Path

from decant.artifacts import sha256_text, to_json
from decant.source_code import library_version, package_code

GENERATOR = "decant.zoo.detector.data"
JOBS = 2


def split_folder(folder: Path, split: str, count: int) -> Path:
    """Name the folder of a split: another count, generator or library gives another."""
    from .data.coco import LIBRARIES

    made_from = {
        "code": package_code(GENERATOR).sha256,
        "libraries": {name: library_version(name) for name in LIBRARIES},
    }
    return folder / f"{split}-{count}-{sha256_text(to_json(made_from))[:12]}"


def ensure_split(folder: Path, split: str, count: int) -> Path:
    """Write the first pages of a split below `folder` unless these very ones are there.

    Raises:
        DataError: There is no such split, or the folder cannot be written.
    """
    target = split_folder(folder, split, count)
    if not (target / "annotations.json").exists():
        from .data import write_split

        write_split(target, split, 0, count, JOBS)
    return target
