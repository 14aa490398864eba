"""Warns of what may say who somebody is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .records import Record

PATTERNS: Final = {
    "an e-mail address": re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}\.[\w.-]{2,63}"),
    "a Korean resident number": re.compile(r"(?<!\d)\d{6}-[1-8]\d{6}(?!\d)"),
    # At least nine digits, as most national numbers have: fewer would take dates for numbers.
    "a phone number": re.compile(r"(?<![\d.])(?:\+|\(?0(?!\.))(?:[ ().-]{0,2}\d){8,14}(?!\d)"),
}

FACES: Final = (
    "faces, names and addresses on the photos are not looked for, which takes a model of its own: "
    "look at the photos before you pass them on"
)


def warnings(records: Sequence[Record]) -> Iterator[str]:
    """Name the records whose remarks look like personal data, without repeating it."""
    for record in records:
        for each in record.corrections:
            if each.kind != "remark":
                continue
            for what, pattern in PATTERNS.items():
                if pattern.search(each.text):
                    yield f"record {record.id}: a remark has {what}; delete or mask it"
    yield FACES
