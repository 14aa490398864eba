"""Reads a feedback archive: all of it is found right before any of it is used."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import cv2
import numpy as np
from pydantic import BaseModel, ValidationError

from ..artifacts import sha256
from ..contract.sidecar import read_sidecar
from ..files import ARCHIVE_MANIFEST, ARCHIVE_SCHEMA
from . import jpeg
from .consents import check_consent, check_created
from .container import open_container
from .records import Head, Manifest, Record
from .refusal import DO_NOT_TRUST, refused, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from ..paths import AnyPath
    from .container import Container
    from .records import ListedFile

PIXELS = 64_000_000
Kind = TypeVar("Kind", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class KnownModel:
    """The model that feedback is about.

    Attributes:
        name: Of the model.
        files: Name by SHA-256 of every file it is released in, such as "static_int8".
        labels: By index.
    """

    name: str
    files: Mapping[str, str]
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Expected:
    """What an archive is held against.

    Attributes:
        model: That its records are about.
        wordings: Version by SHA-256 of each wording that users may have agreed to.
        now: The time; an archive from after it is refused.
    """

    model: KnownModel
    wordings: Mapping[str, int]
    now: datetime


@dataclass(frozen=True, slots=True)
class Archive:
    """A zip that was found right as a whole.

    Attributes:
        path: Of the zip.
        sha256: Of the zip.
        manifest: Of the zip.
        records: In order of their ids.
    """

    path: Path
    sha256: str
    manifest: Manifest
    records: tuple[Record, ...]

    def extract_images(self, ids: Iterable[str], folder: AnyPath) -> None:
        """Write photos as `ID.jpg` into a folder, each hashed once more.

        Raises:
            DataError: If the zip has changed since it was read.
        """
        digests = {each.path: each.sha256 for each in self.manifest.files}
        with open_container(self.path) as container:
            for each in ids:
                member = f"images/{each}.jpg"
                if member not in container.sizes:
                    raise refused(self.path, member, "is gone since the archive was checked")
                content = container.read(member)
                _check_hash(self.path, member, content, digests[member])
                Path(folder, f"{each}.jpg").write_bytes(content)


def known_model(path: AnyPath) -> KnownModel:
    """Read from a sidecar what feedback has to agree with.

    Raises:
        DataError: If the sidecar or its model file is missing or damaged.
    """
    sidecar = read_sidecar(path)
    files = {variant.sha256: variant.name for variant in sidecar.variants}
    return KnownModel(sidecar.model, files, sidecar.labels)


def read_archive(path: AnyPath, expected: Expected) -> Archive:
    """Read and check a whole archive; nothing is written.

    Raises:
        DataError: If anything in it is not as it should be, of the archive, the member and the
            value that is wrong; then nothing of it may be used.
    """
    path = Path(path)
    with open_container(path) as container:
        manifest = _read_manifest(path, container.read(ARCHIVE_MANIFEST))
        check_created(path, manifest, expected.now)
        _check_model(path, manifest, expected.model)
        _check_listing(container, manifest)
        records = [
            _read_record(container, each, expected.model)
            for each in sorted(manifest.files, key=lambda each: each.path)
            if each.path.startswith("records/")
        ]
        for record in records:
            check_consent(path, record, manifest, expected.wordings)
        _check_images(container, manifest, records)
    if not records:
        raise refused(path, "", "holds no records", "export it again once there are some")
    return Archive(path, sha256(path), manifest, tuple(records))


def _read_manifest(path: Path, content: bytes) -> Manifest:
    """Read the manifest of the one schema that there is consent to read."""
    found = _parsed(path, ARCHIVE_MANIFEST, content, Head).schema_version
    if found == ARCHIVE_SCHEMA:
        return _parsed(path, ARCHIVE_MANIFEST, content, Manifest)
    if found == 1:
        fault = "schema_version = 1 has one consent for all its photos, and none for each"
        action = (
            "nothing of it was imported, for nobody can say which of them it covers; keep photos "
            f"with an app that exports schema {ARCHIVE_SCHEMA}"
        )
    else:
        fault = f"schema_version = {shown(found)}; this decant reads {ARCHIVE_SCHEMA}"
        action = "nothing of it was imported; use the decant of the release that the app has"
    raise refused(path, ARCHIVE_MANIFEST, fault, action)


def _parsed(path: Path, member: str, content: bytes, kind: type[Kind]) -> Kind:
    """Read a JSON document that has each key once and no number that JSON does not have."""
    try:
        text = content.decode("utf-8")
        json.loads(text, object_pairs_hook=_unique, parse_constant=_no_number)
        return kind.model_validate_json(text)
    except RecursionError as error:
        raise refused(path, member, "is nested too deeply", DO_NOT_TRUST) from error
    except ValidationError as error:
        raise refused(path, member, _explained(error)) from error
    except ValueError as error:
        raise refused(path, member, f"is not JSON ({shown(str(error))})") from error


def _explained(error: ValidationError) -> str:
    """Say what is wrong first."""
    fault = error.errors(include_url=False)[0]
    where = shown(".".join(str(part) for part in fault["loc"]) or "top level")
    if fault["type"] == "missing":
        return f"{where} is missing"
    if fault["type"] == "extra_forbidden":
        return f"{where} is an unknown key"
    message = fault["msg"].removeprefix("Value error, ")
    return f"{where} = {shown(fault['input'])}: {shown(message)}"


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"the key {shown(name)} occurs twice")
        found[name] = value
    return found


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no number in JSON")


def _check_model(path: Path, manifest: Manifest, model: KnownModel) -> None:
    found = manifest.model
    if found.sha256 not in model.files or found.name != model.name:
        known = ", ".join(f"{digest[:12]}…" for digest in sorted(model.files))
        raise refused(
            path,
            ARCHIVE_MANIFEST,
            f"model = {shown(found.name)} with SHA-256 {found.sha256[:12]}… is unknown; "
            f"{model.name} has {known}",
            "name the model.json of the release that the app has with --model",
        )


def _check_listing(container: Container, manifest: Manifest) -> None:
    """Hold the manifest's list of files against what the zip holds."""
    path, sizes = container.path, container.sizes
    listed: set[str] = set()
    for each in manifest.files:
        if each.path in listed:
            raise refused(path, ARCHIVE_MANIFEST, f"files lists {shown(each.path)} twice")
        if each.path not in sizes or each.path == ARCHIVE_MANIFEST:
            raise refused(
                path, ARCHIVE_MANIFEST, f"files lists {shown(each.path)}, which is not there"
            )
        if each.size_bytes != sizes[each.path]:
            fault = f"has {sizes[each.path]:,} bytes; the manifest says {each.size_bytes:,}"
            raise refused(path, each.path, fault)
        listed.add(each.path)
    for member in sizes:
        if member not in listed and member != ARCHIVE_MANIFEST:
            raise refused(path, member, "is not in the manifest's files", DO_NOT_TRUST)


def _check_hash(path: Path, member: str, content: bytes, digest: str) -> None:
    found = hashlib.sha256(content).hexdigest()
    if found != digest:
        raise refused(path, member, f"SHA-256 is {found[:12]}…; the manifest says {digest[:12]}…")


def _read_record(container: Container, listed: ListedFile, model: KnownModel) -> Record:
    """Read a record and check that it speaks of itself, its photo and the model."""
    path, member, content = container.path, listed.path, container.read(listed.path)
    _check_hash(path, member, content, listed.sha256)
    record = _parsed(path, member, content, Record)
    if member != f"records/{record.id}.json":
        raise refused(path, member, f"id = {record.id} is another record's")
    if record.image != f"images/{record.id}.jpg" or record.image not in container.sizes:
        raise refused(path, member, f"image = {shown(record.image)} is not the record's photo")
    if record.model_sha256 not in model.files:
        fault = f"model_sha256 = {record.model_sha256[:12]}… is unknown"
        action = "name the model.json of the release that the app has with --model"
        raise refused(path, member, fault, action)
    _check_labels(path, member, record, model)
    return record


def _check_labels(path: Path, member: str, record: Record, model: KnownModel) -> None:
    """Check that labels and predictions that are spoken of exist."""
    added = [each.label for each in record.corrections if each.kind == "add"]
    for label in (*(each.label for each in record.predictions), *added):
        if label not in model.labels:
            fault = f"label = {shown(label)} is none of the model's {shown(list(model.labels))}"
            raise refused(path, member, fault)
    for each in record.corrections:
        if each.kind in ("delete", "move") and each.prediction >= len(record.predictions):
            fault = f"corrects prediction = {each.prediction} of {len(record.predictions)}"
            raise refused(path, member, fault)


def _check_images(container: Container, manifest: Manifest, records: Iterable[Record]) -> None:
    """Check that every photo has a record and is a JPEG of that size without metadata."""
    path, sizes = container.path, {each.image: each.image_size for each in records}
    for each in manifest.files:
        if not each.path.startswith("images/"):
            continue
        if each.path not in sizes:
            raise refused(path, each.path, "has no record")
        content = container.read(each.path)
        _check_hash(path, each.path, content, each.sha256)
        fault = _image_fault(content, sizes[each.path])
        if fault:
            raise refused(path, each.path, fault)


def _image_fault(content: bytes, size: tuple[int, int]) -> str | None:
    """Say what is wrong with a photo, if anything."""
    fault = jpeg.fault_of(content)
    if fault:
        return fault
    width, height = jpeg.size_of(content)
    if (width, height) != size:
        return f"is {width}×{height} pixels; its record says {size[0]}×{size[1]}"
    if width * height > PIXELS:
        return f"has {width * height:,} pixels; {PIXELS:,} are the most there may be"
    # An eighth of the size decodes every coefficient and is quicker by the inverse transforms.
    encoded = np.frombuffer(content, np.uint8)
    try:
        decoded = cv2.imdecode(encoded, cv2.IMREAD_REDUCED_GRAYSCALE_8)
    except cv2.error:
        decoded = None
    return "is a JPEG that cannot be decoded" if decoded is None else None
