"""Lists what a run left behind and what it was made with: `manifest.json`."""

from __future__ import annotations

import os
import platform
from typing import TYPE_CHECKING, Any

from . import __version__
from .artifacts import read_json
from .errors import DataError
from .files import MANIFEST, MANIFEST_SCHEMA, REPORT
from .machine import LIBRARIES as MEASURED_WITH
from .source_code import library_version

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from .provenance import Provenance

# TensorFlow writes a random number into it.
UNSTABLE = "fingerprint.pb"
LIBRARIES = (*MEASURED_WITH, "onnx-ir", "onnxscript")


def build_manifest(
    model: str,
    command: Sequence[str],
    seed: int,
    files: Mapping[str, str],
    made_from: Provenance,
) -> dict[str, Any]:
    """Describe a release; equal releases have equal manifests.

    Args:
        model: Name of the model.
        command: That made it.
        seed: Of everything random.
        files: SHA-256 of each file, by path relative to the manifest.
        made_from: What they were made from.
    """
    versions = {name: library_version(name) for name in LIBRARIES}
    return {
        "schema": MANIFEST_SCHEMA,
        "model": model,
        "command": list(command),
        "seed": seed,
        "versions": {
            "decant": __version__,
            "python": platform.python_version(),
            **{name: version for name, version in versions.items() if version is not None},
        },
        "files": {n: digest for n, digest in files.items() if not n.endswith(UNSTABLE)},
        "made_from": made_from.model_dump(mode="json"),
    }


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read the manifest of a folder; empty where there is none, or none that lists files."""
    try:
        document = read_json(folder / MANIFEST)
    except DataError:
        return {}
    whole = isinstance(document, dict) and isinstance(document.get("files"), dict)
    return document if whole else {}


def check_manifest(folder: Path, renewal: str) -> dict[str, Any]:
    """Read the manifest that results are held against; empty where there is none.

    Raises:
        DataError: If there is one that lists no report, such as a damaged one: all would pass.
    """
    path = folder / MANIFEST
    found = read_manifest(folder)
    if REPORT not in found.get("files", {}) and os.path.lexists(path):
        raise DataError(
            f"{path}: not a whole manifest, so nothing shows that the files beside it are those of "
            f"one run; make them anew with: {renewal}"
        )
    return found


def listed_files(folder: Path) -> dict[str, str]:
    """Give the SHA-256 of the files that the manifest of a folder lists; none without one."""
    files: dict[str, str] = read_manifest(folder).get("files", {})
    return files
