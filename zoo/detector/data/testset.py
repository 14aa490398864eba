"""The fixed offline test set: made once, committed, checked whenever it is used."""

from __future__ import annotations

import platform
from collections import Counter
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

from decant.artifacts import files_in, read_json, sha256, write_text
from decant.contract.images import load_image
from decant.datasets import checksums
from decant.errors import DataError

from .coco import LIBRARIES, write_split
from .page import CROWDED_COUNT, SHADOWED_SHARE, SMALL_HEIGHT, TILTED_DEGREES

FOLDER = Path(__file__).parents[1] / "testset"
#: Pages 0 … COUNT - 1 of the split "test".
COUNT = 1000
MAX_BYTES = 14_000_000
SLICES = ("printed", "handwritten", "tilted", "shadowed", "crowded", "small")


def make_test_set(folder: Path = FOLDER, count: int = COUNT, jobs: int = 1) -> None:
    """Write images, annotations.json, CARD.md and SHA256SUMS.

    Raises:
        DataError: The folder cannot be written, or the set is larger than `MAX_BYTES`.
    """
    write_split(folder, "test", 0, count, jobs)
    describe_test_set(folder)
    size = sum(file.stat().st_size for file in files_in(folder))
    if size > MAX_BYTES:
        raise DataError(f"{folder} holds {size} bytes, more than {MAX_BYTES}; make fewer pages")


def describe_test_set(folder: Path = FOLDER) -> None:
    """Write CARD.md and SHA256SUMS for the images and annotations in a folder."""
    (folder / "SHA256SUMS").unlink(missing_ok=True)
    card = _card(read_json(folder / "annotations.json"))
    write_text(folder / "CARD.md", card)
    sums = [f"{sha256(file)}  {file.relative_to(folder).as_posix()}\n" for file in files_in(folder)]
    write_text(folder / "SHA256SUMS", "".join(sums))


def verify_test_set(folder: Path = FOLDER) -> None:
    """Check that the set is whole: hashes, no stray files, images decode, the card counts right.

    Raises:
        DataError: Something differs; the message names the file.
    """
    listing = folder / "SHA256SUMS"
    checksums.check(listing, [file for file in files_in(folder) if file != listing])
    coco = read_json(folder / "annotations.json")
    for image in coco["images"]:
        _check_image(folder, image)
    counted, stated = slice_counts(coco), card_counts((folder / "CARD.md").read_text("utf-8"))
    if counted != stated:
        raise DataError(f"test set {folder}: CARD.md counts {stated}, annotations.json {counted}")


def slice_counts(coco: dict[str, Any]) -> dict[str, tuple[int, int]]:
    """Count images and formulas of all pages and of each slice."""
    formulas = Counter(annotation["image_id"] for annotation in coco["annotations"])
    counts = {"all": (len(coco["images"]), len(coco["annotations"]))}
    for name in SLICES:
        ids = [image["id"] for image in coco["images"] if name in image["tags"]]
        counts[name] = (len(ids), sum(formulas[i] for i in ids))
    return counts


def card_counts(card: str) -> dict[str, tuple[int, int]]:
    """Read the table of slices in a card: name → (images, formulas)."""
    counts = {}
    for line in card.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 4 and cells[1].isdigit():
            counts[cells[0]] = (int(cells[1]), int(cells[2]))
    return counts


def _check_image(folder: Path, image: dict[str, Any]) -> None:
    path, stated = folder / "images" / image["file_name"], (image["height"], image["width"])
    height, width = load_image(path).shape[:2]
    if (height, width) != stated:
        raise DataError(
            f"{path}: is {width} x {height} pixels, but annotations.json says "
            f"{stated[1]} x {stated[0]}; restore the folder from git"
        )


def _card(coco: dict[str, Any]) -> str:
    criteria = {
        "all": "every page",
        "printed": "at least one printed formula",
        "handwritten": "at least one handwritten formula (a page may be both)",
        "tilted": f"the median reading direction is {TILTED_DEGREES:g}° or more off level",
        "shadowed": f"a cast shadow covers {SHADOWED_SHARE:.0%} of the photo or more",
        "crowded": f"{CROWDED_COUNT} formulas or more",
        "small": f"the median formula is lower than {SMALL_HEIGHT:g} px when the photo is "
        "shrunk to 320 px",
    }
    rows = [
        f"| {name} | {images} | {formulas} | {criteria[name]} |"
        for name, (images, formulas) in slice_counts(coco).items()
    ]
    template = files(__package__).joinpath("card.md").read_text(encoding="utf-8")
    versions = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    formulas = coco["annotations"]
    facts = {
        "count": len(coco["images"]),
        "slices": "\n".join(rows),
        "versions": f"Python {platform.python_version()}, {versions}",
        "formulas": len(formulas),
        "expressions": len({formula["latex"] for formula in formulas}),
        "renderings": len({formula["seed"] for formula in formulas}),
    }
    for name, fact in facts.items():
        template = template.replace("{" + name + "}", str(fact))
    return template
