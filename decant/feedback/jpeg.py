"""What a JPEG file carries beside its pixels, by the markers of ITU-T T.81."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

START, END, SCAN, COMMENT, BASELINE = 0xD8, 0xD9, 0xDA, 0xFE, 0xC0
# Tables and restart intervals; a frame other than the baseline one is not among them.
PLAIN = {0xC4, 0xDB, 0xDD, SCAN}
RESTARTS = range(0xD0, 0xD8)
# An ICC profile in its only part: larger ones, which have more, are printers'.
JFIF, COLOUR_PROFILE, ADOBE = b"JFIF\0", b"ICC_PROFILE\0\1\1", b"Adobe"
# JFIF's own thumbnail, if it had one, would come after these bytes.
JFIF_BYTES, ADOBE_BYTES = 14, 12
FRAME = struct.Struct(">BHHB")
METADATA = {
    b"Exif\0": "EXIF, which may say where and when the photo was taken",
    b"http://ns.adobe.com/": "XMP",
    b"MPF\0": "further pictures (MPF)",
    b"Photoshop ": "IPTC",
    b"ICC_PROFILE\0": "an ICC profile in parts, which may hold anything",
}


def fault_of(content: bytes) -> str | None:
    """Say why this is not a baseline JPEG with nothing but pixels in it; None if it is."""
    if content[:2] != b"\xff\xd8":
        return f"is not a JPEG: it begins with {content[:4].hex(' ') or 'nothing'}"
    frames = 0
    for marker, body in _segments(content):
        if marker == BASELINE:
            frames += 1
        elif fault := _segment_fault(marker, body):
            return fault
        if marker == END:
            return None if frames == 1 else f"has {frames} baseline frames; must have one"
    return "is a JPEG cut short, or damaged"


def size_of(content: bytes) -> tuple[int, int]:
    """Read width and height in pixels of a JPEG that has no fault."""
    frame = next(body for marker, body in _segments(content) if marker == BASELINE)
    _, height, width, _ = FRAME.unpack_from(frame)
    return width, height


def _segment_fault(marker: int, body: bytes) -> str | None:
    """Say what a segment holds that must not be there; None if it may."""
    if marker in PLAIN:
        return None
    if marker == END:
        return f"is followed by {len(body):,} bytes that are no picture" if body else None
    if marker == COMMENT:
        return "holds a comment"
    if marker == 0xE0 and body.startswith(JFIF) and len(body) == JFIF_BYTES:
        return None
    if marker == 0xE2 and body.startswith(COLOUR_PROFILE):
        return None if _is_colour_profile(body) else "holds an ICC profile that is none"
    if marker == 0xEE and body.startswith(ADOBE) and len(body) == ADOBE_BYTES:
        return None
    if 0xE0 <= marker <= 0xEF:
        known = (what for start, what in METADATA.items() if body.startswith(start))
        return f"holds {next(known, f'metadata (APP{marker - 0xE0})')}"
    return f"is not a baseline JPEG: it has marker {marker:02X}"


def _is_colour_profile(body: bytes) -> bool:
    """Say whether a segment is a profile with nothing before or after it (ICC.1:2022, 7.2)."""
    profile = body[len(COLOUR_PROFILE) :]
    return int.from_bytes(profile[:4], "big") == len(profile) and profile[36:40] == b"acsp"


def _segments(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield marker and body of each segment; of the last one, END, all that follows it.

    Stops without END where the file makes no sense.
    """
    at = 2
    while content[at : at + 1] == b"\xff" and at + 1 < len(content):
        marker = content[at + 1]
        if marker == END:
            yield marker, content[at + 2 :]
            return
        length = int.from_bytes(content[at + 2 : at + 4], "big")
        body = content[at + 4 : at + 2 + length]
        if length < 2 or len(body) != length - 2 or (marker == BASELINE and len(body) < FRAME.size):
            return
        yield marker, body
        at += 2 + length
        if marker == SCAN:
            at = _end_of_scan(content, at)


def _end_of_scan(content: bytes, at: int) -> int:
    """Find the marker after entropy-coded bytes, in which FF 00 and restarts are no markers."""
    while (at := content.find(b"\xff", at)) >= 0:
        following = content[at + 1] if at + 1 < len(content) else 0
        if following and following not in RESTARTS:
            return at
        at += 2
    return len(content)
