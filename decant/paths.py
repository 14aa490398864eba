"""Paths that a user gives: what may be one, and what is wrong with one and what to do."""

from __future__ import annotations

import contextlib
import difflib
import os
import zipfile
from pathlib import Path
from typing import TypeAlias

AnyPath: TypeAlias = "str | os.PathLike[str]"

HEAD = 512
TORCHSCRIPT_ADVICE = (
    "give the network as Python code builds it, with the weights that torch.jit.load(file)"
    ".state_dict() has, or export the TorchScript yourself: torch.onnx.export(module, (example,), "
    '"net.onnx", dynamo=False)'
)
TORCHSCRIPT = f"is TorchScript, which torch.export does not take; {TORCHSCRIPT_ADVICE}"
PICKLED = {".pt", ".pth", ".pt2", ".ckpt", ".bin"}
TFLITE = "a .tflite file"
ZIP = "a zip archive"
# First bytes of what is often given in place of another file.
CONTENTS = {
    b"PK\x03\x04": ZIP,
    b"\x1f\x8b": "a gzip archive",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"\x89HDF": "an HDF5 file",
    b"%PDF": "a PDF file",
}
# What files of these suffixes begin with; ONNX's have no such mark.
WANTED = {".tflite": TFLITE, ".pt2": ZIP, ".npz": ZIP}
MARKED = {*WANTED, ".onnx"}
# A file of one of these is never meant where one of another is named.
KINDS = {*MARKED, ".toml", ".py", ".pt", ".pth", ".ckpt", ".safetensors", ".json", ".zip"}


def is_file(path: AnyPath) -> bool:
    """Whether there is a file; not as `Path.is_file`, which raises on a name that is too long."""
    return os.path.isfile(path)


def no_file(path: AnyPath) -> str:
    """Say why there is no file at a path, and what may be meant instead."""
    path = Path(path)
    if os.path.isdir(path):
        return "is a folder; name a file in it"
    if os.path.islink(path):
        return f"is a link to {os.readlink(path)}, which is not there; mend the link"
    if os.path.exists(path):
        return "is no regular file; give one"
    folder = path.parent
    if not os.path.isdir(folder):
        return f"no such file, and no folder {folder}; correct the path"
    near = nearest(path)
    return f'no such file; did you mean "{near}"?' if near else "no such file; correct the path"


def nearest(path: Path) -> Path | None:
    """Find what lies in the folder of a path and is called much like it."""
    try:
        names = {name.lower(): name for name in os.listdir(path.parent)}
    except (OSError, ValueError):
        return None
    alike = difflib.get_close_matches(path.name.lower(), names)
    # A suffix in common is no likeness.
    stem = path.stem.lower()
    alike = [each for each in alike if difflib.get_close_matches(stem, [Path(each).stem])]
    if (suffix := path.suffix.lower()) in KINDS:
        alike = [each for each in alike if Path(each).suffix not in KINDS - {suffix}]
    return path.with_name(names[alike[0]]) if alike else None


def unreadable(path: AnyPath, error: OSError) -> str:
    """Say why a file could not be read, and what to do."""
    if isinstance(error, FileNotFoundError | IsADirectoryError | NotADirectoryError):
        return no_file(path)
    advice = "give read permission" if isinstance(error, PermissionError) else "restore it"
    return f"cannot be read ({error.strerror}); {advice}"


def content_fault(path: AnyPath) -> str | None:
    """Say what lies at a path instead of the model or the arrays that its suffix promises.

    Returns:
        A clause with what to do; None if nothing seems wrong, or it cannot be told.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            head = file.read(HEAD)
    except OSError as error:
        return unreadable(path, error)
    if not head:
        return "is empty; make it or copy it again"
    if head.startswith(b"version https://git-lfs"):
        return "is a Git LFS pointer in place of the file; fetch the file with `git lfs pull`"
    if head.lstrip().lower().startswith((b"<!doctype", b"<html", b"<?xml")):
        return "is a web page in place of the file, such as a download's error; download it again"
    found = _content(head)
    suffix = path.suffix.lower()
    if found == ZIP and suffix in PICKLED and _is_torchscript(path):
        return TORCHSCRIPT
    wanted = WANTED.get(suffix)
    if suffix in MARKED and found not in (None, wanted):
        return f"holds {found}, whatever its name says; give {wanted or f'a {suffix} file'}"
    return None


def _is_torchscript(path: Path) -> bool:
    """Whether a zip archive is one of torch.jit.save."""
    with contextlib.suppress(OSError, zipfile.BadZipFile), zipfile.ZipFile(path) as archive:
        return any(name.partition("/")[2] == "constants.pkl" for name in archive.namelist())
    return False


def _content(head: bytes) -> str | None:
    if head[4:8] == b"TFL3":
        return TFLITE
    return next((what for mark, what in CONTENTS.items() if head.startswith(mark)), None)
