"""Writes files and folders whole or not at all, and names their content by SHA-256."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import DataError
from .interrupts import held
from .paths import content_fault, unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

# What the operating system says when a path cannot take the bytes, as opposed to a bug of ours.
WRITE_ERRORS = {
    errno.EACCES: "give write permission or choose another folder",
    errno.EDQUOT: "free some of the quota",
    errno.EEXIST: "a file is in the way of a folder; move it",
    errno.EFBIG: "raise the file-size limit",
    errno.EIO: "check the disk",
    errno.EISDIR: "a folder is in the way of a file; move it",
    errno.ENAMETOOLONG: "choose a shorter path",
    errno.ENOSPC: "free some space or choose another folder",
    errno.ENOTDIR: "a file is in the way of a folder; move it",
    errno.EPERM: "give write permission or choose another folder",
    errno.EROFS: "choose a folder that can be written",
}

# A temporary folder beside NAME in which NAME is written; one may lie in another.
TEMPORARY = re.compile(r"\.(?P<name>[^/]+)\.[a-z0-9_]{8}\.tmp/(?P=name)(?=/|$)")


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; what is written there replaces `path` at the end.

    After any exception, an interrupt included, `path` is as it was and the temporary is gone.

    Raises:
        DataError: If the file cannot be written (no permission, disk full, …).
    """
    with _reported(path), _temporary_beside(path) as temporary:
        yield temporary
        _sync(temporary)
        temporary.replace(path)
        _sync(path.parent)


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Yield an empty temporary folder beside `path` that replaces `path` as a whole at the end.

    After any exception, an interrupt included, `path` is as it was and the temporary is gone.

    Raises:
        DataError: If the folder cannot be written (no permission, disk full, …).
    """
    with _reported(path), _temporary_beside(path) as temporary:
        temporary.mkdir()
        yield temporary
        for file in files_in(temporary):
            _sync(file)
        replace_folder(temporary, path)


@contextmanager
def updated_folder(path: Path, without: Collection[str] = ()) -> Iterator[Path]:
    """Yield an empty temporary folder whose entries join those of folder `path` at the end.

    An entry takes the place of the one of the same name; others stay. After any exception, an
    interrupt included, `path` is as it was and the temporary is gone.

    Args:
        path: The folder.
        without: What goes at the end, by path relative to it.

    Raises:
        DataError: If the folder cannot be written (no permission, disk full, …).
    """
    path = path.resolve()
    if path.exists() and not path.is_dir():
        raise DataError(f"{path}: is a file; give a folder, or a new name for one")
    with _reported(path), _temporary_beside(path) as temporary:
        temporary.mkdir()
        yield temporary
        for file in files_in(temporary):
            _sync(file)
        path.mkdir(exist_ok=True)
        with held():
            for entry in sorted(temporary.iterdir()):
                _take_place(entry, path / entry.name)
            for name in without:
                remove(path / name)
        _sync(path)


@contextmanager
def scratch_folder(prefix: str) -> Iterator[Path]:
    """Yield an empty folder where the system keeps what is temporary; it is gone at the end.

    Raises:
        DataError: As `told_if_full`.
    """
    with (
        told_if_full(),
        tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True) as folder,
    ):
        yield Path(folder)


@contextmanager
def told_if_full() -> Iterator[None]:
    """Say what is wrong where something temporary is written inside.

    Raises:
        DataError: If nothing can be written there, whatever other disk has room; the message names
            the place.
    """
    try:
        yield
    except OSError as error:
        no_place = tempfile.tempdir is None and isinstance(error, FileNotFoundError)
        if error.errno not in WRITE_ERRORS and not no_place:
            raise
        raise no_scratch(error.strerror or str(error)) from error


def no_scratch(reason: str) -> DataError:
    """Say that the place for temporary files takes no more."""
    place = tempfile.tempdir or "temporary files"
    return DataError(
        f"{place}: cannot be written ({reason}); free some space, or name another folder for "
        "temporary files in the variable TMPDIR"
    )


def replace_folder(new: Path, path: Path) -> None:
    """Rename folder `new` to `path`, taking the place of whatever is there."""
    if not path.exists():
        new.rename(path)
    else:
        aside = new.with_name(f"{new.name}.old")
        try:
            path.rename(aside)
            new.rename(path)
        except BaseException:
            if not path.exists():
                aside.rename(path)
            raise
        remove(aside)
    _sync(path.parent)


def write_bytes(path: Path, *pieces: bytes | memoryview) -> None:
    """Write a file whole or not at all, making its folder if need be."""
    with atomic_file(path) as temporary, temporary.open("wb") as file:
        for piece in pieces:
            file.write(piece)


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 file whole or not at all."""
    write_bytes(path, text.encode())


def write_json(path: Path, document: Any) -> None:
    """Write a JSON file whole or not at all; equal documents give equal bytes."""
    write_text(path, to_json(document))


def to_json(document: Any) -> str:
    """Write a document as JSON in one way only: sorted keys, no NaN, a newline at the end."""
    text = json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return text + "\n"


def read_bytes(path: Path) -> bytes:
    """Read a file.

    Raises:
        DataError: If it is missing or cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: {unreadable(path, error)}") from error


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        DataError: If it is missing or is not JSON.
    """
    content = read_bytes(path)
    try:
        return json.loads(content)
    except RecursionError as error:
        raise DataError(f"{path}: not a JSON file (nested too deeply); restore it") from error
    except ValueError as error:
        fault = content_fault(path) or f"not a JSON file ({error}); restore it"
        raise DataError(f"{path}: {fault}") from error


def sha256(path: Path) -> str:
    """Hash a file, or the names and content of all files below a folder.

    Raises:
        DataError: If it is missing or cannot be read.
    """
    try:
        if not path.is_dir():
            with path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        lines = [f"{sha256(file)}  {file.relative_to(path).as_posix()}" for file in files_in(path)]
    except OSError as error:
        raise DataError(f"{path}: {unreadable(path, error)}") from error
    return sha256_text("\n".join(lines))


def sha256_text(text: str) -> str:
    """Hash a text; names of files may hold bytes that are no text."""
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()


def sha256_listing(digests: Mapping[str, str]) -> str:
    """Hash files as one, given their SHA-256 by name, in the order given."""
    return sha256_text("\n".join(f"{digest}  {name}" for name, digest in digests.items()))


def files_in(folder: Path, enter: Callable[[Path], bool] = lambda _: True) -> list[Path]:
    """List all files below a folder in an order that depends on nothing but their names.

    Symbolic links are followed, as those who read a data set do; one that leads back to a folder
    it lies in is passed over.

    Args:
        folder: Where to look.
        enter: Says of a folder below it whether to look there.

    Raises:
        DataError: If a folder cannot be read.
    """
    found = _walk(folder, enter, frozenset())
    return sorted(found, key=lambda file: file.relative_to(folder).as_posix())


def remove(path: Path) -> None:
    """Remove a file or a folder if it is there.

    Raises:
        DataError: If the file may not be removed.
    """
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
        return
    with _reported(path):
        path.unlink(missing_ok=True)


def _walk(folder: Path, enter: Callable[[Path], bool], above: frozenset[Path]) -> Iterator[Path]:
    """Yield the files below a folder unless it is one of those that it lies in."""
    real = folder.resolve()
    if real in above:
        return
    with _listed(folder) as entries:
        for entry in entries:
            path = folder / entry.name
            try:
                inside = entry.is_dir()
            except OSError:
                # A symbolic link that leads to itself.
                continue
            if not inside:
                yield path
            elif enter(path):
                yield from _walk(path, enter, above | {real})


@contextmanager
def _listed(folder: Path) -> Iterator[Iterator[os.DirEntry[str]]]:
    """Open a folder for its entries."""
    try:
        entries = os.scandir(folder)
    except OSError as error:
        raise DataError(
            f"{folder}: cannot be read ({error.strerror}); give read permission"
        ) from error
    with entries:
        yield entries


@contextmanager
def _temporary_beside(path: Path) -> Iterator[Path]:
    """Yield a fresh name in a folder on the same disk, and leave nothing of it behind.

    Folders that were made for it go too, unless they hold something at the end.
    """
    made = [each for each in (path.parent, *path.parent.parents) if not os.path.exists(each)]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        holder = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent))
    except OSError as error:
        advice = WRITE_ERRORS.get(error.errno or 0, "choose another folder")
        raise DataError(
            f"{_meant(path)}: cannot be written ({error.strerror}); {advice}"
        ) from error
    try:
        # The final name in a temporary folder, for writers that look at the suffix.
        yield holder / path.name
    finally:
        remove(holder)
        with contextlib.suppress(OSError):
            for folder in made:
                folder.rmdir()


def _meant(path: Path) -> str:
    """Name the place that a path in temporary folders beside it stands for."""
    text, found = str(path), 1
    while found:  # the innermost first
        text, found = TEMPORARY.subn(r"\g<name>", text)
    return text


@contextmanager
def _reported(path: Path) -> Iterator[None]:
    """Turn the operating system's refusals into a `DataError` that names path and reason."""
    try:
        yield
    except OSError as error:
        if error.errno not in WRITE_ERRORS:
            raise
        advice = WRITE_ERRORS[error.errno]
        raise DataError(
            f"{_meant(path)}: cannot be written ({error.strerror}); {advice}"
        ) from error


def _take_place(entry: Path, path: Path) -> None:
    """Rename a file or folder to `path`, whatever is there."""
    if entry.is_dir() or path.is_dir():
        replace_folder(entry, path)
    else:
        entry.replace(path)


def _sync(path: Path) -> None:
    """Flush a file or a folder's entries to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
