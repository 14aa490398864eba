"""Makes COCO candidates for labelling out of feedback, the most telling photos first."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..metrics import convex, quad_overlaps
from .duplicates import BITS, nearest, originals

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from .archive import Archive
    from .records import Prediction, Quad, Record

DESCRIPTION = (
    "Candidates for labelling from users' feedback: what the model said with what users corrected,"
    " checked by nobody"
)


@dataclass(frozen=True, slots=True)
class Answer:
    """An object on a photo by the model as the user left it, or by the user.

    Attributes:
        label: Of the object.
        quad: In pixels of the photo.
        by: "model", "moved" or "added".
        prediction: The model's own of it; None where the user added it.
    """

    label: str
    quad: Quad
    by: str
    prediction: Prediction | None


@dataclass(frozen=True, slots=True)
class RankedPhoto:
    """A photo worth labelling, or not.

    Attributes:
        record: Of the photo.
        archive: That the record is from.
        disagreement: How far the user is from the model, 0…1.
        rarity: How little the photo is like the others, 0…1.
        duplicate_of: Id of a record whose photo it nearly repeats.
    """

    record: Record
    archive: Archive
    disagreement: float
    rarity: float
    duplicate_of: str | None

    @property
    def score(self) -> float:
        """What ranks it: the mean of rarity and disagreement."""
        return (self.rarity + self.disagreement) / 2


def rank(sources: Sequence[tuple[Record, Archive]], hashes: NDArray[np.uint8]) -> list[RankedPhoto]:
    """Sort photos: those that repeat another one last, else by falling score.

    Rarity is the mean of two shares: the bits in which the photo's hash differs from the one most
    like it, of the half that unrelated photos differ in; and the photos that show other objects,
    by number and label.

    Args:
        sources: Records, each with its archive.
        hashes: [n, 8] uint8, their photos' perceptual hashes.
    """
    looks = np.minimum(nearest(hashes) / (BITS / 2), 1)
    contents = [tuple(sorted(each.label for each in answers(record))) for record, _ in sources]
    counts = Counter(contents)
    repeated = originals(hashes)
    found = [
        RankedPhoto(
            record,
            archive,
            disagreement(record),
            float(look + 1 - counts[content] / len(sources)) / 2,
            None if first is None else sources[first][0].id,
        )
        for (record, archive), look, content, first in zip(
            sources, looks, contents, repeated, strict=True
        )
    ]
    return sorted(found, key=lambda c: (c.duplicate_of is not None, -c.score, c.record.id))


def answers(record: Record) -> list[Answer]:
    """Apply the user's corrections, in their order, to what the model said."""
    found: list[Answer | None] = [
        Answer(each.label, each.quad, "model", each) for each in record.predictions
    ]
    for each in record.corrections:
        if each.kind == "delete":
            found[each.prediction] = None
        elif each.kind == "move" and (old := found[each.prediction]) is not None:
            found[each.prediction] = Answer(old.label, each.quad, "moved", old.prediction)
        elif each.kind == "add":
            found.append(Answer(each.label, each.quad, "added", None))
    return [each for each in found if each is not None]


def disagreement(record: Record) -> float:
    """Say how far the user is from the model, 0…1.

    It is the mean over all that either of them sees, and all remarks: 1 for what only one sees
    and for a remark, 1 − IoU for what was moved, 0 for what was left.
    """
    final = answers(record)
    kept = [(each.prediction, each) for each in final if each.prediction is not None]
    remarks = sum(each.kind == "remark" for each in record.corrections)
    one_sided = len(record.predictions) + len(final) - 2 * len(kept) + remarks
    moved = [_moved_by(old.quad, new.quad) for old, new in kept if new.by == "moved"]
    whole = len(kept) + one_sided
    return (one_sided + sum(moved)) / whole if whole else 0.0


def to_coco(candidates: Sequence[RankedPhoto], labels: Sequence[str]) -> dict[str, Any]:
    """Write candidates as a COCO document that `decant.datasets` reads; best first.

    An object with no area on the photo is left out; a quad that is not convex leaves its box.
    """
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for number, candidate in enumerate(candidates, start=1):
        images.append(_image(number, candidate))
        for answer in answers(candidate.record):
            entry = _annotation(answer, candidate.record.image_size)
            if entry is not None:
                ids = {"id": len(annotations) + 1, "image_id": number}
                ids["category_id"] = labels.index(answer.label) + 1
                annotations.append({**ids, **entry})
    categories = [{"id": i, "name": name} for i, name in enumerate(labels, start=1)]
    return {
        "info": {"description": DESCRIPTION},
        "images": images,
        "annotations": annotations,
        "categories": categories,
    }


def _moved_by(before: Quad, after: Quad) -> float:
    """Give 1 − IoU; 1 where the user's corners enclose nothing that an overlap is defined for."""
    user = np.asarray([after], np.float64)
    if not convex(user[0]):
        return 1.0
    overlap = quad_overlaps(np.asarray([before], np.float64), user, np.zeros(1, np.bool_))
    return float(np.clip(1 - overlap[0, 0], 0, 1))


def _image(number: int, candidate: RankedPhoto) -> dict[str, Any]:
    """Describe a photo and where it comes from."""
    record, archive = candidate.record, candidate.archive
    width, height = record.image_size
    manifest = archive.manifest
    return {
        "id": number,
        "file_name": f"{record.id}.jpg",
        "width": width,
        "height": height,
        "score": candidate.score,
        "rarity": candidate.rarity,
        "disagreement": candidate.disagreement,
        "duplicate_of": candidate.duplicate_of,
        "corrections": dict(Counter(each.kind for each in record.corrections)),
        "remarks": [each.text for each in record.corrections if each.kind == "remark"],
        "provenance": {
            "archive": archive.path.name,
            "archive_sha256": archive.sha256,
            "record": record.id,
            "kept": record.kept.isoformat(),
            "model": {"name": manifest.model.name, "sha256": record.model_sha256},
            "accelerator": record.accelerator,
            "app": manifest.app.model_dump(),
            "consent": record.consent.model_dump(mode="json"),
        },
    }


def _annotation(answer: Answer, size: tuple[int, int]) -> dict[str, Any] | None:
    """Describe an object within the photo's edges; None if nothing of it is there."""
    quad = np.clip(np.asarray(answer.quad, np.float64), 0, size)
    (left, top), (right, bottom) = quad.min(axis=0).tolist(), quad.max(axis=0).tolist()
    if right <= left or bottom <= top:
        return None
    entry: dict[str, Any] = {
        "bbox": [left, top, right - left, bottom - top],
        "area": (right - left) * (bottom - top),
        "iscrowd": 0,
        "by": answer.by,
        "score": None if answer.prediction is None else answer.prediction.score,
    }
    if convex(quad):
        entry["quad"] = quad.ravel().tolist()
    return entry
