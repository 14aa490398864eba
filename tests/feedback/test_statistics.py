"""Rates of correction and times, against figures from elsewhere."""

import json

import pytest
from feedback_archives import MODEL, record

from decant.feedback.personal_data import FACES, warnings
from decant.feedback.records import Record
from decant.feedback.statistics import rate, summarise

DELETE = {"kind": "delete", "prediction": 0}
REMARK = {"kind": "remark", "text": "upside down"}


def records(*documents):
    return [Record.model_validate_json(json.dumps(each)) for each in documents]


@pytest.mark.parametrize(
    ("count", "n", "low", "high"),
    # Closed forms: (α/2)^(1/n) where all or none, the median-unbiased tables for 4 of 10.
    [
        (0, 10, 0.0, 1 - 0.025**0.1),
        (10, 10, 0.025**0.1, 1.0),
        (4, 10, 0.1215523, 0.7376219),
        (1, 1, 0.025, 1.0),
    ],
)
def test_interval_of_clopper_and_pearson(count, n, low, high):
    found = rate([True] * count + [False] * (n - count))
    assert (found.value, found.count, found.n) == (count / n, count, n)
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-6)


def test_photos_count_and_not_corrections():
    documents = record(1), record(2, DELETE, DELETE, REMARK), record(3, REMARK), record(4)
    found = summarise(records(*documents), MODEL.files)
    assert found.corrected.count == 2
    assert found.corrected.n == 4
    counts = {kind: each.count for kind, each in found.by_kind.items()}
    assert counts == {"delete": 1, "move": 0, "add": 0, "remark": 2}


def test_times_from_shutter_to_screen():
    documents = [record(i, shutter_to_screen=float(i)) for i in range(101)]
    documents[100] |= {"accelerator": "gpu", "model_sha256": "7c" * 32}
    found = summarise(records(*documents), MODEL.files)
    whole = found.shutter_to_screen_ms
    assert (whole.median, whole.p90, whole.p99, whole.n) == (50, 90, 99, 101)
    assert {name: each.n for name, each in found.by_file_ms.items()} == {
        "static_int8 on cpu": 100,
        "float16 on gpu": 1,
    }
    assert found.by_file_ms["float16 on gpu"].median == 100


def test_times_that_are_unknown_do_not_count():
    documents = [record(1, shutter_to_screen=None), record(2, shutter_to_screen=30.0)]
    documents[0]["accelerator"] = "gpu"
    found = summarise(records(*documents), MODEL.files)
    assert (found.shutter_to_screen_ms.median, found.shutter_to_screen_ms.n) == (30, 1)
    assert list(found.by_file_ms) == ["static_int8 on cpu"]
    assert summarise(records(documents[0]), MODEL.files).shutter_to_screen_ms is None


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("write to kim.min-su@example.co.kr", "an e-mail address"),
        ("010-1234-5678", "a phone number"),
        ("call 02) 345 6789 please", "a phone number"),
        ("+82 10 1234 5678", "a phone number"),
        ("(030) 901820 44", "a phone number"),
        ("born 900101-1234567", "a Korean resident number"),
    ],
)
def test_personal_data_in_a_remark(text, what):
    found = list(warnings(records(record(7, {"kind": "remark", "text": text}))))
    assert any(what in each for each in found)
    assert all(text not in each for each in found)
    assert all(f"{7:032x}" in each for each in found if each != FACES)


@pytest.mark.parametrize(
    "text", ["box 3 is 10 px too low", "2026-11-21 10:30", "IoU 0.91234567", "a@b", "page 1204567"]
)
def test_no_personal_data_in_a_remark(text):
    assert list(warnings(records(record(7, {"kind": "remark", "text": text})))) == [FACES]
