"""Reads COCO annotations and holds them against the pictures."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import BaseModel, Field, ValidationError

from ..artifacts import read_json
from ..errors import DataError
from ..metrics import convex
from ..samples import QuadTruth
from . import checksums
from .dataset import Entry, FileDataset

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from ..spec import CocoSource

SLACK = 1.0
"""Pixels that a box may reach over the edge of the picture, as hand-drawn ones do."""

Id = int | str
Number = Annotated[float, Field(allow_inf_nan=False)]


class Image(BaseModel):
    """A picture; `tags`, the slices it belongs to, are ours."""

    id: Id
    file_name: str
    width: int = Field(ge=1)
    height: int = Field(ge=1)
    tags: tuple[str, ...] = ()


class Annotation(BaseModel):
    """An object: `bbox` is x, y, width, height; `quad`, four corners in order, is ours."""

    id: Id
    image_id: Id
    category_id: Id
    bbox: tuple[Number, Number, Number, Number]
    quad: tuple[Number, ...] | None = Field(default=None, min_length=8, max_length=8)
    iscrowd: bool = False


class Category(BaseModel):
    """A label."""

    id: Id
    name: str


class Document(BaseModel):
    """What we read of a COCO file; other keys are nobody's business here."""

    images: tuple[Image, ...]
    annotations: tuple[Annotation, ...]
    categories: tuple[Category, ...]


def open_coco(source: CocoSource, labels: Sequence[str], folder: Path) -> FileDataset:
    """Open COCO annotations with their pictures.

    Raises:
        DataError: If a file is missing, changed (where there are checksums) or not COCO, or an
            annotation does not fit its picture or the labels.
    """
    path, pictures = folder / source.annotations, folder / source.images
    document = _read(path)
    if not document.images:
        raise DataError(f"{path}: lists no images; give a data set with at least one")
    _check_unique(path, document)
    _check_pictures(path, document.images, pictures)
    if source.checksums:
        used = [path, *(pictures / image.file_name for image in document.images)]
        checksums.check(folder / source.checksums, used)
    label_of = _labels(path, document.categories, labels)
    objects = _by_image(path, document)
    entries = tuple(
        Entry(
            image.file_name,
            pictures / image.file_name,
            _truth(path, image, objects[image.id], label_of),
            frozenset(image.tags),
            (image.width, image.height),
        )
        for image in document.images
    )
    return FileDataset(str(path), entries)


def _read(path: Path) -> Document:
    try:
        return Document.model_validate(read_json(path))
    except ValidationError as error:
        detail = error.errors()[0]
        where = ".".join(map(str, detail["loc"])) or "top level"
        raise DataError(
            f"{path}: {where}: {detail['msg']} ({error.error_count()} such faults); it must be "
            "COCO with images, annotations and categories"
        ) from error


def _check_unique(path: Path, document: Document) -> None:
    columns: dict[str, Iterable[Id]] = {
        "image id": (image.id for image in document.images),
        "file_name": (image.file_name for image in document.images),
        "annotation id": (annotation.id for annotation in document.annotations),
        "category id": (category.id for category in document.categories),
    }
    for column, values in columns.items():
        seen: set[Id] = set()
        for value in values:
            if value in seen:
                raise DataError(f"{path}: {column} {value!r} occurs twice; make each unique")
            seen.add(value)


def _check_pictures(path: Path, images: Sequence[Image], pictures: Path) -> None:
    missing = [i.file_name for i in images if not (pictures / i.file_name).is_file()]
    if missing:
        raise DataError(
            f'{path}: lists "{missing[0]}", which is not in {pictures} ({len(missing)} of '
            f"{len(images)} are missing); restore them or take them off the list"
        )


def _labels(path: Path, categories: Sequence[Category], labels: Sequence[str]) -> dict[Id, int]:
    for category in categories:
        if category.name not in labels:
            raise DataError(
                f'{path}: category "{category.name}" is not in task.labels = {list(labels)}; '
                "add it there or remove it"
            )
    return {category.id: labels.index(category.name) for category in categories}


def _by_image(path: Path, document: Document) -> Mapping[Id, list[Annotation]]:
    known = {image.id for image in document.images}
    objects = defaultdict(list)
    for annotation in document.annotations:
        if annotation.image_id not in known:
            raise DataError(
                f"{path}: annotation {annotation.id!r} is for image_id = {annotation.image_id!r}, "
                "which is not listed; list the image or remove the annotation"
            )
        objects[annotation.image_id].append(annotation)
    return objects


def _truth(
    path: Path, image: Image, objects: Sequence[Annotation], label_of: Mapping[Id, int]
) -> QuadTruth:
    for each in objects:
        fault = _fault(image, each, label_of)
        if fault:
            raise DataError(
                f'{path}: annotation {each.id!r} on "{image.file_name}": {fault}; correct it'
            )
    boxes = np.asarray([each.bbox for each in objects], np.float64).reshape(-1, 4)
    boxes[:, 2:] += boxes[:, :2]
    quads = [_quad(each) for each in objects]
    return QuadTruth(
        boxes=boxes,
        quads=np.asarray(quads, np.float64).reshape(-1, 4, 2),
        labels=np.asarray([label_of[each.category_id] for each in objects], np.int64),
        crowd=np.asarray([each.iscrowd for each in objects], np.bool_),
    )


def _fault(image: Image, each: Annotation, label_of: Mapping[Id, int]) -> str | None:
    """Say what is wrong with an annotation, if anything."""
    left, top, width, height = each.bbox
    if each.category_id not in label_of:
        return f"category_id = {each.category_id!r} is not listed"
    if width <= 0 or height <= 0:
        return f"bbox = {list(each.bbox)} has no area"
    right, bottom = left + width - image.width, top + height - image.height
    if max(-left, -top, right, bottom) > SLACK:
        return f"bbox = {list(each.bbox)} lies outside the {image.width}×{image.height} picture"
    if not convex(_quad(each)):
        return f"quad = {list(each.quad or ())} is not convex, with its corners in order"
    return None


def _quad(each: Annotation) -> NDArray[np.float64]:
    """Give the corners [4, 2]; those of the box where no quad is given."""
    if each.quad is not None:
        return np.asarray(each.quad, np.float64).reshape(4, 2)
    x, y, width, height = each.bbox
    return np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]])
