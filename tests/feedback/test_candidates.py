"""What users corrected becomes COCO, the most telling photos first."""

import json

import cv2
import numpy as np
import pytest
from feedback_archives import (
    EXPECTED,
    HEIGHT,
    LEFT,
    MODEL,
    RIGHT,
    WIDTH,
    WORDING,
    identifier,
    jpeg,
    members_of,
    record,
    write_zip,
)
from feedback_archives import write_archive as write

from decant.contract.decode import QuadGridRule
from decant.datasets import open_dataset
from decant.datasets.coco import CocoSource
from decant.errors import DataError
from decant.feedback import import_archives, read_archive
from decant.feedback.candidates import answers, disagreement, rank
from decant.feedback.duplicates import NEAR_BITS, nearest, originals, perceptual_hash
from decant.feedback.records import Record
from decant.tasks.quad_detection import QuadDetection

TASK = QuadDetection(MODEL.labels, QuadGridRule(strides=(8,)))
# Half as wide as LEFT, within it: IoU 1/2.
HALF = [[4, 4], [24, 4], [24, 34], [4, 34]]
BOW_TIE = [[4, 4], [44, 34], [44, 4], [4, 34]]
DELETE = {"kind": "delete", "prediction": 0}
MOVE = {"kind": "move", "prediction": 0, "quad": HALF}
ADD = {"kind": "add", "label": "table", "quad": HALF}
REMARK = {"kind": "remark", "text": "poor"}


def parsed(*corrections):
    return Record.model_validate_json(json.dumps(record(1, *corrections)))


def document(out):
    return json.loads((out / "candidates.json").read_text())


@pytest.mark.parametrize(
    ("corrections", "expected"),
    [
        ([], 0),
        ([DELETE], 1 / 2),
        ([DELETE, {**DELETE, "prediction": 1}], 1),
        ([MOVE], 1 / 4),
        ([ADD], 1 / 3),
        ([REMARK], 1 / 3),
        ([DELETE, ADD, REMARK], 3 / 4),
        ([MOVE, {**MOVE, "quad": LEFT}], 0),
        ([MOVE, DELETE], 1 / 2),
        ([DELETE, MOVE], 1 / 2),
        ([{**MOVE, "quad": BOW_TIE}], 1 / 2),
    ],
)
def test_disagreement(corrections, expected):
    assert disagreement(parsed(*corrections)) == pytest.approx(expected)


def test_corrections_apply_in_their_order():
    found = answers(parsed(ADD, {**DELETE, "prediction": 1}, MOVE))
    assert [(each.label, each.by) for each in found] == [("formula", "moved"), ("table", "added")]
    assert np.asarray(found[0].quad).tolist() == HALF


def test_candidates_open_as_a_data_set(tmp_path):
    outside = [[-30, 4], [44, 4], [44, 90], [-30, 90]]
    away = [[-30, -9], [-4, -9], [-4, -2], [-30, -2]]
    path = write(
        tmp_path / "a.zip",
        record(1, DELETE, ADD),
        record(2, {**ADD, "quad": outside}, {**ADD, "quad": away}, {**ADD, "quad": BOW_TIE}),
    )
    out = tmp_path / "out"
    import_archives([path], EXPECTED, out)
    source = CocoSource(kind="coco", annotations="candidates.json", images="images")
    truths = {sample.id: sample.truth for sample in open_dataset(source, TASK, out)}
    assert truths[f"{identifier(1)}.jpg"].quads.tolist() == [RIGHT, HALF]
    assert truths[f"{identifier(1)}.jpg"].labels.tolist() == [1, 1]
    # Cut at the photo's edges; what is not on it left out; without its corners where they cross.
    second = truths[f"{identifier(2)}.jpg"]
    assert second.boxes[2].tolist() == [0, 4, 44, HEIGHT]
    assert second.quads[3].tolist() == LEFT
    assert len(second.boxes) == 4


def test_provenance(tmp_path):
    path = write(tmp_path / "a.zip", record(1, DELETE, REMARK))
    import_archives([path], EXPECTED, tmp_path / "out")
    (image,) = document(tmp_path / "out")["images"]
    assert (image["width"], image["height"]) == (WIDTH, HEIGHT)
    assert image["corrections"] == {"delete": 1, "remark": 1}
    assert image["remarks"] == ["poor"]
    origin = image["provenance"]
    assert origin["archive"] == "a.zip"
    assert origin["record"] == identifier(1)
    assert origin["kept"] == "2026-11-20T08:00:00+00:00"
    assert origin["app"]["platform"] == "Android 15"
    assert origin["consent"] == {
        "given": "2026-11-01T10:00:00Z",
        "text_version": 3,
        "text_sha256": WORDING,
    }
    assert str(tmp_path) not in (tmp_path / "out" / "candidates.json").read_text()


def test_rank_by_disagreement_and_rarity(tmp_path):
    """Of photos as unlike as can be the corrected go first, then those that show other things."""
    lone = {**record(4), "predictions": record(4)["predictions"][:1]}
    both = [DELETE, {**DELETE, "prediction": 1}]
    path = write(tmp_path / "a.zip", record(1), record(2, *both), record(3), lone)
    archive = read_archive(path, EXPECTED)
    # Half of the bits of any two differ, or all.
    hashes = np.repeat(np.array([[0x00], [0xFF], [0xF0], [0xCC]], np.uint8), 8, axis=1)
    ranked = rank([(each, archive) for each in archive.records], hashes)
    assert [each.record.id for each in ranked] == [identifier(number) for number in (2, 4, 1, 3)]
    assert [each.rarity for each in ranked] == [7 / 8, 7 / 8, 3 / 4, 3 / 4]
    assert [each.score for each in ranked] == [15 / 16, 7 / 16, 3 / 8, 3 / 8]


def test_near_duplicates_go_last(tmp_path):
    """The same photo, brighter and compressed anew, under the id of another record."""
    again = record(9, DELETE, kept="2026-11-20T09:00:00Z")
    path = tmp_path / "a.zip"
    members = members_of([record(1), record(2), again])
    pixels = cv2.imdecode(np.frombuffer(jpeg(1), np.uint8), cv2.IMREAD_COLOR)
    brighter = cv2.convertScaleAbs(pixels, alpha=0.9, beta=20)
    members[again["image"]] = cv2.imencode(".jpg", brighter, [1, 40])[1].tobytes()
    report = import_archives([write_zip(path, members)], EXPECTED, tmp_path / "out")
    assert [each.duplicate_of for each in report.candidates] == [None, None, identifier(1)]
    found = json.loads((tmp_path / "out" / "feedback.json").read_text())
    assert found["near_duplicates"] == {identifier(9): identifier(1)}


def test_other_photos_are_far(tmp_path):
    """Unrelated photos differ in about half the bits; the chance of 8 or fewer of 63 is 1e-10."""
    hashes = []
    for number in range(40):
        (tmp_path / "a.jpg").write_bytes(jpeg(number))
        hashes.append(perceptual_hash(tmp_path / "a.jpg"))
    found = nearest(np.asarray(hashes))
    assert found.min() > NEAR_BITS
    assert originals(np.asarray(hashes)) == [None] * 40


def test_a_chain_of_duplicates_names_the_first():
    hashes = np.zeros((3, 8), np.uint8)
    hashes[1, 0] = 0b11111
    hashes[2, 0], hashes[2, 1] = 0b11111, 0b11111
    # The third repeats the second alone, which is itself a repetition.
    assert originals(hashes) == [None, 0, None]


def test_even_photos_are_alike(tmp_path):
    for level in (30, 200):
        cv2.imwrite(str(tmp_path / f"{level}.jpg"), np.full((40, 60, 3), level, np.uint8))
    hashes = [perceptual_hash(tmp_path / f"{level}.jpg") for level in (30, 200)]
    assert originals(np.asarray(hashes)) == [None, 0]


def test_two_exports_of_one_phone(tmp_path):
    """What was corrected since the first export replaces what it says, in either order."""
    early = write(tmp_path / "early.zip", record(1), record(2), created="2026-11-21T09:00:00Z")
    late = write(
        tmp_path / "late.zip", record(2, DELETE), record(3), created="2026-11-21T10:00:00Z"
    )
    for paths in ([early, late], [late, early]):
        report = import_archives(paths, EXPECTED, tmp_path / "out")
        assert report.repeated == 1
        assert (report.statistics.corrected.count, report.statistics.corrected.n) == (1, 3)
    assert len(list((tmp_path / "out" / "images").iterdir())) == 3


def test_an_import_replaces_the_last_one(tmp_path):
    out = tmp_path / "out"
    import_archives([write(tmp_path / "a.zip", record(1))], EXPECTED, out)
    import_archives([write(tmp_path / "b.zip", record(2))], EXPECTED, out)
    assert [path.name for path in (out / "images").iterdir()] == [f"{identifier(2)}.jpg"]


def test_a_folder_of_others_is_left_alone(tmp_path):
    (tmp_path / "out" / "images").mkdir(parents=True)
    (tmp_path / "out" / "images" / "holiday.jpg").touch()
    path = write(tmp_path / "a.zip", record(1))
    with pytest.raises(DataError, match="holds files that are no feedback"):
        import_archives([path], EXPECTED, tmp_path / "out")
    assert (tmp_path / "out" / "images" / "holiday.jpg").exists()


def test_same_archives_same_bytes(tmp_path):
    path = write(tmp_path / "a.zip", record(1, DELETE), record(2))
    for name in ("one", "two"):
        import_archives([path], EXPECTED, tmp_path / name)
    for name in ("feedback.json", "candidates.json"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
