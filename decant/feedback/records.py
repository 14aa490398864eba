"""The documents of a feedback archive, schema 2, closed to keys they do not know."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, FailFast, Field

from .container import ENTRIES

HEX_256 = r"^[0-9a-f]{64}$"
# Such as cpu, gpu, webgpu: it is printed.
ACCELERATOR = r"^[a-z0-9_-]{1,32}$"
HEX_128 = r"^[0-9a-f]{32}$"
UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z", re.ASCII)
FARTHEST = 1e6
LONGEST_MS = 3_600_000.0
MOST = 1000
"""Predictions, and corrections, of a photo."""


def _utc(value: object) -> datetime:
    """Read an instant; pydantic itself would also take a number."""
    if not isinstance(value, str) or not UTC.fullmatch(value):
        raise ValueError("must be ISO-8601 in UTC, such as 2026-11-21T09:30:00Z")
    return datetime.fromisoformat(value)


Instant = Annotated[datetime, BeforeValidator(_utc)]
Sha256 = Annotated[str, Field(pattern=HEX_256)]
Text = Annotated[str, Field(min_length=1, max_length=200)]
Coordinate = Annotated[float, Field(ge=-FARTHEST, le=FARTHEST)]
Point = tuple[Coordinate, Coordinate]
Quad = tuple[Point, Point, Point, Point]
Milliseconds = Annotated[float, Field(ge=0, le=LONGEST_MS)]
Index = Annotated[int, Field(ge=0)]


class Document(BaseModel):
    """A frozen part of the archive."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class ModelName(Document):
    """Which model file the app ran."""

    name: Text
    sha256: Sha256


class App(Document):
    """What wrote the archive."""

    name: Text
    version: Text
    platform: Text


class Consent(Document):
    """When the user agreed to keep photos, and to what.

    Attributes:
        given: When.
        text_version: Number of the wording; each app has its own numbers.
        text_sha256: Of the wording in all its languages, which tells it from all others.
    """

    given: Instant
    text_version: Annotated[int, Field(ge=1, le=1_000_000)]
    text_sha256: Sha256


class ListedFile(Document):
    """A member of the archive."""

    path: Text
    sha256: Sha256
    size_bytes: Index


class Head(Document):
    """What says how the rest of a manifest has to be read."""

    model_config = ConfigDict(extra="ignore")

    schema_version: int


class Manifest(Document):
    """The whole `manifest.json`; `files` has every member but itself."""

    schema_version: Literal[2]
    kind: Literal["decant-feedback"]
    model: ModelName
    created: Instant
    app: App
    files: Annotated[tuple[ListedFile, ...], FailFast(), Field(max_length=ENTRIES)]


class Prediction(Document):
    """One thing that the app showed, in pixels of the photo."""

    label: Text
    score: float = Field(ge=0, le=1)
    quad: Quad


class Delete(Document):
    """There is no such thing as prediction number `prediction`."""

    kind: Literal["delete"]
    prediction: Index


class Move(Document):
    """Prediction number `prediction` lies at `quad`."""

    kind: Literal["move"]
    prediction: Index
    quad: Quad


class Add(Document):
    """The model missed something."""

    kind: Literal["add"]
    label: Text
    quad: Quad


class Remark(Document):
    """What the user has to say of the answer."""

    kind: Literal["remark"]
    text: str = Field(min_length=1, max_length=2000)


Correction = Annotated[Delete | Move | Add | Remark, Field(discriminator="kind")]


class Times(Document):
    """How long the answer took.

    `shutter_to_screen` is null where it is unknown, or the user did not wait for the answer.
    """

    shutter_to_screen: Milliseconds | None
    preprocess: Milliseconds
    inference: Milliseconds
    decode: Milliseconds


class Record(Document):
    """The whole `records/ID.json`: a photo, what the model said, and what the user said of it.

    Without corrections the user looked at the answer and left it as it was.

    Attributes:
        kept: When the user chose to keep it, which `consent` has to come before.
    """

    id: str = Field(pattern=HEX_128)
    image: str
    image_size: tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]]
    kept: Instant
    consent: Consent
    model_sha256: Sha256
    accelerator: str = Field(pattern=ACCELERATOR)
    predictions: Annotated[tuple[Prediction, ...], FailFast(), Field(max_length=MOST)]
    corrections: Annotated[tuple[Correction, ...], FailFast(), Field(max_length=MOST)]
    times_ms: Times
