"""Feedback archives as the app writes them, and ways to spoil one."""

from __future__ import annotations

import hashlib
import json
import zipfile
from datetime import UTC, datetime

import cv2
import numpy as np

from decant.feedback import Expected, KnownModel

SHA256 = "5a" * 32
MODEL = KnownModel("finder", {SHA256: "static_int8", "7c" * 32: "float16"}, ("formula", "table"))
WORDING, EARLIER_WORDING = "c0" * 32, "c1" * 32
WORDINGS = {WORDING: 3, EARLIER_WORDING: 2}
CREATED = "2026-11-21T09:30:00.125Z"
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
EXPECTED = Expected(MODEL, WORDINGS, NOW)
WIDTH, HEIGHT = 96, 64
LEFT = [[4, 4], [44, 4], [44, 34], [4, 34]]
RIGHT = [[50, 10], [90, 12], [88, 52], [50, 50]]


def identifier(number):
    return f"{number:032x}"


def jpeg(number, *, quality=90, size=(WIDTH, HEIGHT)):
    """Encode a photo of blurred noise, another for each number."""
    width, height = size
    coarse = np.random.default_rng(number).integers(0, 256, (6, 8, 3), np.uint8)
    pixels = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def consent(given="2026-11-01T10:00:00Z", text_version=3, text_sha256=WORDING):
    return {"given": given, "text_version": text_version, "text_sha256": text_sha256}


def record(number, *corrections, shutter_to_screen=40.0, kept="2026-11-20T08:00:00Z"):
    return {
        "id": identifier(number),
        "image": f"images/{identifier(number)}.jpg",
        "image_size": [WIDTH, HEIGHT],
        "kept": kept,
        "consent": consent(),
        "model_sha256": SHA256,
        "accelerator": "cpu",
        "predictions": [
            {"label": "formula", "score": 0.9, "quad": LEFT},
            {"label": "table", "score": 0.4, "quad": RIGHT},
        ],
        "corrections": list(corrections),
        "times_ms": {
            "shutter_to_screen": shutter_to_screen,
            "preprocess": 3.5,
            "inference": 20,
            "decode": 1.0,
        },
    }


def manifest(members, created=CREATED):
    """List members, content by name, as the app does."""
    return {
        "schema_version": 2,
        "kind": "decant-feedback",
        "model": {"name": "finder", "sha256": SHA256},
        "created": created,
        "app": {"name": "decant demo", "version": "1.0", "platform": "Android 15"},
        "files": [
            {
                "path": name,
                "sha256": hashlib.sha256(content).hexdigest(),
                "size_bytes": len(content),
            }
            for name, content in members.items()
        ],
    }


def members_of(records):
    """Give the content of records and their photos by name."""
    members = {}
    for each in records:
        members[f"records/{each['id']}.json"] = json.dumps(each).encode()
        members[each["image"]] = jpeg(int(each["id"], 16))
    return members


def write_zip(path, members, document=None, compression=zipfile.ZIP_DEFLATED):
    """Write members with a manifest of them, or with one of your own (a document or bytes)."""
    content = manifest(members) if document is None else document
    if not isinstance(content, bytes):
        content = json.dumps(content).encode()
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("manifest.json", content)
        for name, each in members.items():
            archive.writestr(name, each)
    return path


def write_archive(path, *records, created=CREATED):
    members = members_of(records)
    return write_zip(path, members, manifest(members, created))
