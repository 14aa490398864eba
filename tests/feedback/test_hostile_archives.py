"""Hostile and damaged archives are refused whole, each with one message; nothing is written."""

import random

import pytest
from feedback_archives import MODEL, record, write_archive
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
        import_archives([good, bad], MODEL, tmp_path / "out")
    message = str(refusal.value)
    assert message.startswith(f"{bad}: ")
    assert words in message
    # One line that says what to do and that a terminal can print.
    assert "; " in message
    assert message.isprintable()
    assert len(message) < len(str(bad)) + 500
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.zip", "good.zip"]


def test_flipped_bytes_are_refused_or_harmless(tmp_path):
    """Of a few bytes, such as a member's date, nothing depends; no other ends in a crash."""
    content = write_archive(tmp_path / "good.zip", record(1)).read_bytes()
    expected = read_archive(tmp_path / "good.zip", MODEL).records
    rng, refusals = random.Random(3), 0
    for _ in range(FLIPS):
        flipped = bytearray(content)
        flipped[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        path = tmp_path / "flipped.zip"
        path.write_bytes(flipped)
        try:
            assert read_archive(path, MODEL).records == expected
        except DataError:
            refusals += 1
    assert refusals > FLIPS * 0.8
