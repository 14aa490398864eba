"""Reads COCO annotations and holds them against the pictures."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import BaseModel, Field, ValidationError

from ..artifacts import read_json
from ..errors import LONGEST_PATH, DataError, shortened
from ..metrics import convex
from ..paths import is_file
from . import checksums
from .dataset import Entry, FileDataset
from .source import DataSource, Opening, check_folder, read_truth

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ..paths import AnyPath
    from ..tasks import Task


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
    """An object: `bbox` is x, y, width, height; `quad`, four corners in order, is ours.

    `keypoints` are x, y and visibility of each point, of which 0 says that nobody knows its place.
    """

    id: Id
    image_id: Id
    category_id: Id
    bbox: tuple[Number, Number, Number, Number]
    quad: tuple[Number, ...] | None = Field(default=None, min_length=8, max_length=8)
    keypoints: tuple[Number, ...] | None = None
    area: Number | None = Field(default=None, ge=0)
    iscrowd: bool = False


class Category(BaseModel):
    """A label; `keypoints` names the points of its objects."""

    id: Id
    name: str
    keypoints: tuple[str, ...] = ()


class Document(BaseModel):
    """What we read of a COCO file; other keys are nobody's business here."""

    images: tuple[Image, ...]
    annotations: tuple[Annotation, ...]
    categories: tuple[Category, ...]


class CocoSource(DataSource):
    """Images with COCO annotations; `checksums` is a SHA-256 list as `sha256sum` writes it."""

    path_keys: ClassVar[tuple[str, ...]] = ("annotations", "images", "checksums")
    folder_keys: ClassVar[tuple[str, ...]] = ("images",)
    kind: Literal["coco"]
    annotations: str
    images: str
    checksums: str | None = None

    @property
    def title(self) -> str:
        """The annotations."""
        return self.annotations

    @property
    def offers(self) -> tuple[str, ...]:
        """All annotations of each image."""
        return ("objects",)

    def open(self, opening: Opening) -> FileDataset:
        """Open COCO annotations with their pictures.

        Raises:
            DataError: If a file is missing, changed (where there are checksums) or not COCO, or an
                annotation does not fit its picture or the labels.
        """
        path, pictures = opening.folder / self.annotations, opening.folder / self.images
        name = opening.only_input(self.kind)
        document = _read(path)
        if not document.images:
            raise DataError(f"{path}: lists no images; give a data set with at least one")
        check_folder(pictures, "images")
        _check_unique(path, document)
        _check_pictures(path, document.images, pictures)
        if self.checksums:
            used = [path, *(pictures / image.file_name for image in document.images)]
            checksums.check(opening.folder / self.checksums, used)
        names = _names(path, document.categories, opening.task)
        objects = _by_image(path, document)
        entries = tuple(
            Entry(
                image.file_name,
                {name: pictures / image.file_name},
                read_truth(
                    opening.task,
                    {"objects": _objects(path, image, objects[image.id], names)},
                    f'{path}: "{image.file_name}"',
                ),
                frozenset(image.tags),
                (image.width, image.height),
            )
            for image in document.images
        )
        return FileDataset(str(path), entries, opening.inputs)

    def files_in(self, key: str, folder: AnyPath) -> tuple[Path, list[str]]:
        """List the pictures that the annotations name; of what is no COCO file, none."""
        try:
            listed = read_json(Path(folder) / self.annotations)["images"]
            return Path(folder) / self.images, sorted({str(each["file_name"]) for each in listed})
        except (DataError, LookupError, TypeError):
            # Opening the data set refuses it, and says why.
            return Path(folder) / self.images, []


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
    missing = [i.file_name for i in images if not is_file(pictures / i.file_name)]
    if missing:
        raise DataError(
            f"{path}: lists {shortened(missing[0], LONGEST_PATH)}, which is not in {pictures} "
            f"({len(missing)} of {len(images)} are missing); restore them or take them off the list"
        )


def _names(path: Path, categories: Sequence[Category], task: Task) -> dict[Id, str]:
    """Name the categories, which are the task's labels, or whose points are."""
    labels, points = task.labels, "points" in task.truth_fields
    for category in categories:
        if points and category.keypoints not in ((), labels):
            raise DataError(
                f'{path}: the keypoints of category "{category.name}" are '
                f"{list(category.keypoints)}, but task.labels = {list(labels)}; make them agree"
            )
        if not points and category.name not in labels:
            raise DataError(
                f'{path}: category "{category.name}" is not in task.labels = {list(labels)}; '
                "add it there or remove it"
            )
    return {category.id: category.name for category in categories}


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


def _objects(
    path: Path, image: Image, objects: Sequence[Annotation], names: Mapping[Id, str]
) -> list[dict[str, Any]]:
    """Describe the objects on a picture.

    Each has label, box (xyxy), quad [4, 2] or None, points [K, 3] or None, area or None, and crowd.
    """
    for each in objects:
        fault = _fault(image, each, names)
        if fault:
            raise DataError(
                f'{path}: annotation {each.id!r} on "{image.file_name}": {fault}; correct it'
            )
    return [
        {
            "label": names[each.category_id],
            "box": _box(each),
            "quad": None if each.quad is None else np.reshape(each.quad, (4, 2)),
            "points": None if each.keypoints is None else np.reshape(each.keypoints, (-1, 3)),
            "area": each.area,
            "crowd": each.iscrowd,
        }
        for each in objects
    ]


def _box(each: Annotation) -> tuple[float, float, float, float]:
    left, top, width, height = each.bbox
    return left, top, left + width, top + height


def _fault(image: Image, each: Annotation, names: Mapping[Id, str]) -> str | None:
    """Say what is wrong with an annotation, if anything."""
    left, top, width, height = each.bbox
    if each.category_id not in names:
        return f"category_id = {each.category_id!r} is not listed"
    if width <= 0 or height <= 0:
        return f"bbox = {list(each.bbox)} has no area"
    right, bottom = left + width - image.width, top + height - image.height
    if max(-left, -top, right, bottom) > SLACK:
        return f"bbox = {list(each.bbox)} lies outside the {image.width}×{image.height} picture"
    if each.keypoints is not None and len(each.keypoints) % 3:
        return f"keypoints has {len(each.keypoints)} numbers, not x, y and visibility of each"
    if each.quad is not None and not convex(np.asarray(each.quad, np.float64).reshape(4, 2)):
        return f"quad = {list(each.quad)} is not convex, with its corners in order"
    return None
