"""Write pages as JPEG files with COCO JSON."""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from decant.artifacts import atomic_folder

from .page import Page, pages

# Their versions change pixels.
LIBRARIES = (
    "numpy",
    "matplotlib",
    "opencv-python-headless",
    "pillow",
    "scikit-learn",
    "koreanize-matplotlib",
)

_CHUNK = 50


def write_split(folder: Path | str, split: str, start: int, count: int, jobs: int = 1) -> Path:
    """Write pages start … start + count − 1 of a split; what they are does not depend on jobs.

    The folder appears whole or not at all: `images/*.jpg` and `annotations.json` (COCO; every
    annotation has bbox [x, y, width, height], area, segmentation, `quad` (8 numbers: TL, TR, BR,
    BL), `kind`, `seed` and `latex`; every image has `tags`).

    Args:
        folder: Where to; what is there is replaced.
        split: "train", "calibration", "validation" or "test".
        start: Index of the first page.
        count: Number of pages.
        jobs: Number of processes.

    Returns:
        The path of annotations.json.

    Raises:
        DataError: There is no such split, or the folder cannot be written.
    """
    target = Path(folder)
    with atomic_folder(target) as part:
        (part / "images").mkdir()
        records = _records(part, split, (start, count), jobs)
        (part / "annotations.json").write_text(to_json(split, records), encoding="utf-8")
    return target / "annotations.json"


def to_json(split: str, records: Iterable[dict[str, Any]]) -> str:
    """Lay out the COCO JSON, one image or annotation per line so that differences read well."""
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for record in records:
        images.append({"id": len(images) + 1, **record["image"]})
        for formula in record["formulas"]:
            ids = {"id": len(annotations) + 1, "image_id": len(images)}
            annotations.append({**ids, "category_id": 1, "iscrowd": 0, **formula})
    head = {"info": {"description": f"decant detector, {split} pages", "split": split}}
    body = {
        **head,
        "categories": [{"id": 1, "name": "formula"}],
        "images": images,
        "annotations": annotations,
    }
    lines = []
    for key, value in body.items():
        if isinstance(value, list):
            rows = ",\n".join(json.dumps(item, separators=(",", ":")) for item in value)
            lines.append(f"{json.dumps(key)}: [\n{rows}\n]")
        else:
            lines.append(f"{json.dumps(key)}: {json.dumps(value)}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _records(
    folder: Path, split: str, which: tuple[int, int], jobs: int
) -> Iterator[dict[str, Any]]:
    start, count = which
    chunks = [
        (folder, split, first, min(_CHUNK, start + count - first))
        for first in range(start, start + count, _CHUNK)
    ]
    if jobs <= 1:
        for chunk in chunks:
            yield from _write_chunk(chunk)
        return
    # Spawned, not forked: the caller may have TensorFlow's or torch's threads running.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context, initializer=cv2.setNumThreads, initargs=(1,)) as pool:
        for records in pool.map(_write_chunk, chunks):
            yield from records


def _write_chunk(chunk: tuple[Path, str, int, int]) -> list[dict[str, Any]]:
    folder, split, start, count = chunk
    records = []
    for page in pages(split, start, count):
        name = f"{split}_{page.index:05d}.jpg"
        (folder / "images" / name).write_bytes(page.jpeg)
        records.append(_record(page, name))
    return records


def _record(page: Page, name: str) -> dict[str, Any]:
    height, width = page.image.shape[:2]
    formulas = []
    quads = np.round(page.quads.astype(np.float64), 2)
    for i, quad in enumerate(quads):
        (x, y), (right, bottom) = quad.min(axis=0).tolist(), quad.max(axis=0).tolist()
        corners = [float(value) for value in quad.ravel()]
        formulas.append({
            "bbox": [x, y, round(right - x, 2), round(bottom - y, 2)],
            "area": round((right - x) * (bottom - y), 2),
            "quad": corners,
            "segmentation": [corners],
            "kind": page.kinds[i],
            "seed": page.seeds[i],
            "latex": page.latex[i],
        })  # fmt: skip
    image = {"file_name": name, "width": width, "height": height, "tags": sorted(page.tags)}
    return {"image": image, "formulas": formulas}
