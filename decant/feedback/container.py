"""The zip around feedback: opened only if every entry of it is of the kind that belongs there."""

from __future__ import annotations

import re
import stat
import struct
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import DataError
from ..files import ARCHIVE_MANIFEST
from .refusal import DO_NOT_TRUST, refused, shown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MEMBER = re.compile(r"manifest\.json|records/[0-9a-f]{32}\.json|images/[0-9a-f]{32}\.jpg", re.ASCII)
BELONGING = "manifest.json, records/ID.json and images/ID.jpg"

RECORDS = 2_000
ENTRIES = 2 * RECORDS + 1
UNPACKED_BYTES = 500_000_000
RATIO = 200
"""Unpacked to packed bytes of one member, which true feedback stays far below."""
DOCUMENT_BYTES = 2_000_000
IMAGE_BYTES = 20_000_000
DIRECTORY_BYTES = ENTRIES * 512

# "End of central directory" of APPNOTE.TXT 4.3.16, and the locator that makes it zip64's.
END = struct.Struct("<4s4H2LH")
END_MARK, ZIP64_MARK, ZIP64_BYTES = b"PK\x05\x06", b"PK\x06\x07", 20
ENCRYPTED = 0x1
# What zipfile raises on a damaged member, UnicodeDecodeError for its local name among them.
UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    ValueError,
    RuntimeError,
    struct.error,
)
PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


@dataclass(frozen=True, slots=True)
class Container:
    """An open zip whose directory has been checked.

    Attributes:
        path: Of the zip.
        sizes: Unpacked bytes by member.
        archive: The same, open.
    """

    path: Path
    sizes: dict[str, int]
    archive: zipfile.ZipFile

    def read(self, member: str) -> bytes:
        """Unpack a member.

        Raises:
            DataError: If it is damaged.
        """
        try:
            with self.archive.open(member) as file:
                content = file.read(self.sizes[member] + 1)
        except UNREADABLE as error:
            fault = f"cannot be unpacked ({shown(str(error))})"
            raise refused(self.path, member, fault) from error
        if len(content) != self.sizes[member]:
            fault = f"unpacks to {len(content):,} bytes where {self.sizes[member]:,} are announced"
            raise refused(self.path, member, fault)
        return content


@contextmanager
def open_container(path: Path) -> Iterator[Container]:
    """Open a zip of feedback after checking all that its directory says; unpacks nothing.

    Raises:
        DataError: If it is no such zip, or holds anything else.
    """
    container = _opened(path)
    with container.archive:
        yield container


def _opened(path: Path) -> Container:
    try:
        _check_end(path)
        archive = zipfile.ZipFile(path)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); restore it") from error
    # What zipfile raises on directories that make no sense, beside its own.
    except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error) as error:
        raise refused(path, "", f"not a whole zip file ({shown(str(error))})") from error
    try:
        return Container(path, _check_directory(path, archive), archive)
    except DataError:
        archive.close()
        raise


def _check_end(path: Path) -> None:
    """Check the zip's last bytes, before anything as long as they say is read."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - END.size - ZIP64_BYTES))
        tail = file.read()
    if len(tail) < END.size:
        raise refused(path, "", f"is no whole zip: it has {size} bytes")
    mark, *_, entries, length, start, comment = END.unpack(tail[-END.size :])
    if mark != END_MARK or comment:
        raise refused(path, "", "is no whole zip: it must end as one without a comment does")
    if tail.startswith(ZIP64_MARK):
        raise refused(path, "", "is a zip64, which feedback never needs", DO_NOT_TRUST)
    if entries > ENTRIES or length > DIRECTORY_BYTES:
        fault = f"{entries:,} entries; {ENTRIES:,} are the most there may be"
        raise refused(path, "", fault, "export it again in parts")
    if start + length + END.size != size:
        fault = f"{size - start - length - END.size:,} bytes are hidden before or after the zip"
        raise refused(path, "", fault, DO_NOT_TRUST)


def _check_directory(path: Path, archive: zipfile.ZipFile) -> dict[str, int]:
    """Check every entry on its own and all together; returns unpacked bytes by name."""
    sizes: dict[str, int] = {}
    packed = 0
    for info in archive.infolist():
        _check_name(path, info)
        _check_size(path, info)
        if info.filename in sizes:
            raise refused(path, info.filename, "occurs twice", DO_NOT_TRUST)
        sizes[info.filename] = info.file_size
        packed += info.compress_size
    if sum(sizes.values()) > UNPACKED_BYTES:
        fault = f"unpacks to {sum(sizes.values()):,} bytes; {UNPACKED_BYTES:,} are the most"
        raise refused(path, "", fault, "export it again in parts")
    if packed > path.stat().st_size:
        fault = f"its members take {packed:,} bytes together, more than it has: they overlap"
        raise refused(path, "", fault, DO_NOT_TRUST)
    if ARCHIVE_MANIFEST not in sizes:
        raise refused(path, ARCHIVE_MANIFEST, "is missing")
    return sizes


def _check_name(path: Path, info: zipfile.ZipInfo) -> None:
    """Refuse all names but those that feedback has, and all that is no plain file."""
    name = info.orig_filename
    kind = stat.S_IFMT(info.external_attr >> 16)
    if stat.S_ISLNK(kind):
        fault = "is a symbolic link"
    elif name.startswith(("/", "\\")) or name[1:2] == ":":
        fault = "has an absolute path"
    elif ".." in name.replace("\\", "/").split("/"):
        fault = "leads out of the folder"
    elif name.endswith("/") or kind not in (0, stat.S_IFREG):
        fault = "is not a plain file"
    elif not MEMBER.fullmatch(name):
        fault = f"does not belong into feedback, whose files are {BELONGING}"
    else:
        return
    raise refused(path, name, fault, DO_NOT_TRUST)


def _check_size(path: Path, info: zipfile.ZipInfo) -> None:
    """Refuse what cannot be unpacked, or unpacks to more than it may."""
    name, size, packed = info.filename, info.file_size, info.compress_size
    limit = IMAGE_BYTES if name.startswith("images/") else DOCUMENT_BYTES
    if info.flag_bits & ENCRYPTED:
        raise refused(path, name, "is encrypted")
    if info.compress_type not in PACKINGS:
        raise refused(path, name, f"compression method = {info.compress_type}; must be 0 or 8")
    if size > limit:
        raise refused(path, name, f"unpacks to {size:,} bytes; {limit:,} are the most there may be")
    if size > RATIO * max(1, packed):
        fault = f"unpacks from {packed:,} to {size:,} bytes, over {RATIO}:1, as zip bombs do"
        raise refused(path, name, fault, DO_NOT_TRUST)
