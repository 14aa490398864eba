"""Hostile and damaged archives are refused whole, each with one message; nothing is written."""

import random
import re

import hostile_consents  # noqa: F401 (adds its families)
import pytest
from feedback_archives import EXPECTED, record, write_archive
from hostile_archives import FAMILIES, write_hostile

from decant.errors import DataError
from decant.feedback import import_archives, read_archive

SEEDS = 5
CASES = [
    pytest.param(family, seed, id=f"{family.__name__}-{seed}")
    for family in FAMILIES
    for seed in range(SEEDS)
]
FLIPS = 400


def test_there_are_at_least_200():
    assert len({case.id for case in CASES}) >= 200


@pytest.mark.parametrize(("family", "seed"), CASES)
def test_refused_whole(tmp_path, family, seed):
    good = write_archive(tmp_path / "good.zip", record(2000))
    bad = tmp_path / "bad.zip"
    words = write_hostile(family, seed, bad)
    with pytest.raises(DataError) as refusal:
        import_archives([good, bad], EXPECTED, tmp_path / "out")
    message = str(refusal.value)
    assert message.startswith(f"{bad}: ")
    assert words in message
    # One line that says what to do and that a terminal can print.
    assert "; " in message
    assert message.isprintable()
    assert len(message) < len(str(bad)) + 500
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.zip", "good.zip"]


UTF8_NAMES = 0x0800  # Flag bit 11 of APPNOTE.TXT 4.4.4, which Java sets and Python only at need.


def with_utf8_names(content):
    """Set the flag in every header, local (at 6) and central (at 8), as Java's zips have it."""
    content = bytearray(content)
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        for found in re.finditer(re.escape(mark), bytes(content)):
            content[found.start() + flags + 1] |= UTF8_NAMES >> 8
    return bytes(content)


@pytest.mark.parametrize("as_written_by", [bytes, with_utf8_names], ids=["python", "java"])
def test_flipped_bytes_are_refused_or_harmless(tmp_path, as_written_by):
    """Of a few bytes, such as a member's date, nothing depends; no other ends in a crash."""
    content = as_written_by(write_archive(tmp_path / "good.zip", record(1)).read_bytes())
    (tmp_path / "good.zip").write_bytes(content)
    expected = read_archive(tmp_path / "good.zip", EXPECTED).records
    rng, refusals = random.Random(3), 0
    for _ in range(FLIPS):
        flipped = bytearray(content)
        flipped[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        path = tmp_path / "flipped.zip"
        path.write_bytes(flipped)
        try:
            assert read_archive(path, EXPECTED).records == expected
        except DataError:
            refusals += 1
    assert refusals > FLIPS * 0.8


def test_name_that_is_no_utf8(tmp_path):
    content = with_utf8_names(write_archive(tmp_path / "a.zip", record(1)).read_bytes())
    name = content.index(b"records/")
    (tmp_path / "a.zip").write_bytes(content[:name] + b"\xff" + content[name + 1 :])
    with pytest.raises(DataError, match=r"a\.zip: .*cannot be unpacked"):
        read_archive(tmp_path / "a.zip", EXPECTED)
