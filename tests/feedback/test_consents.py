"""What a record's consent may be, and what its refusal says; hostile ones have families."""

import dataclasses
import json
from datetime import timedelta

import pytest
from feedback_archives import (
    CREATED,
    EARLIER_WORDING,
    EXPECTED,
    NOW,
    WORDING,
    WORDINGS,
    consent,
    identifier,
    manifest,
    members_of,
    record,
    write_archive,
    write_zip,
)

from decant.errors import DataError
from decant.feedback import import_archives, read_archive, read_wordings


def with_consent(number, **values):
    return {**record(number), "consent": consent(**values)}


def refusal_of(path, expected=EXPECTED):
    with pytest.raises(DataError) as refusal:
        read_archive(path, expected)
    return str(refusal.value)


@pytest.mark.parametrize(
    "given",
    ["2026-11-20T08:00:00Z", "2026-11-20T07:59:59.999999999Z", "2024-02-29T00:00:00Z"],
    ids=["kept at once", "nanoseconds before", "on a leap day"],
)
def test_a_photo_kept_with_consent_is_read(tmp_path, given):
    path = write_archive(tmp_path / "a.zip", with_consent(1, given=given))
    assert len(read_archive(path, EXPECTED).records) == 1


def test_a_photo_of_the_export_itself_is_read(tmp_path):
    path = write_archive(tmp_path / "a.zip", record(1, kept=CREATED))
    assert len(read_archive(path, EXPECTED).records) == 1


def test_every_photo_has_its_own_consent(tmp_path):
    """One who agreed to a new wording had agreed to the earlier one for the photos before."""
    early = {
        "given": "2026-10-01T10:00:00Z",
        "text_version": 2,
        "text_sha256": EARLIER_WORDING,
    }
    path = write_archive(tmp_path / "a.zip", with_consent(1, **early), record(2), record(3))
    import_archives([path], EXPECTED, tmp_path / "out")
    candidates = json.loads((tmp_path / "out" / "candidates.json").read_text())
    found = {each["file_name"]: each["provenance"]["consent"] for each in candidates["images"]}
    assert found[f"{identifier(1)}.jpg"] == early
    assert found[f"{identifier(2)}.jpg"] == consent()
    report = json.loads((tmp_path / "out" / "feedback.json").read_text())
    counts = [(each["text_version"], each["records"]) for each in report["consents"]]
    assert counts == [(2, 1), (3, 2)]
    assert report["consents"][0]["first_given"] == "2026-10-01T10:00:00+00:00"
    assert report["consents"][1]["text_sha256"] == WORDING


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (
            with_consent(1, given="2026-11-20T08:00:01Z"),
            "kept = 2026-11-20T08:00:00Z is older than its consent, given 2026-11-20T08:00:01Z; "
            "nothing of it was imported; delete that photo in the app",
        ),
        (
            with_consent(1, given="2026-11-22T00:00:00Z"),
            "consent.given = 2026-11-22T00:00:00Z is after the export, "
            "2026-11-21T09:30:00.125000Z; nothing of it was imported; set the clock",
        ),
        (
            record(1, kept="2026-11-22T00:00:00Z"),
            "kept = 2026-11-22T00:00:00Z is after the export",
        ),
        (
            with_consent(1, text_sha256="ee" * 32),
            "consent.text_version = 3 with SHA-256 eeeeeeeeeeee… is a wording that is not known; "
            "nothing of it was imported; name the consent_wording.json of the app",
        ),
        (
            with_consent(1, text_version=2),
            "consent.text_version = 2; its text is that of 3; ",
        ),
        (
            {key: value for key, value in record(1).items() if key != "consent"},
            "consent is missing; ",
        ),
    ],
    ids=["older", "after", "kept after", "unknown", "mixed up", "none"],
)
def test_a_refusal_names_record_value_and_what_to_do(tmp_path, document, words):
    path = write_archive(tmp_path / "a.zip", record(2), document)
    assert f"a.zip: records/{identifier(1)}.json: {words}" in refusal_of(path)


def test_an_archive_without_consent_of_its_photos_is_refused_by_name(tmp_path):
    """As schema 1 had it: one consent, the last, for all photos that there were."""
    members = members_of([record(1)])
    document = {**manifest(members), "schema_version": 1}
    document["consent"] = {"given": "2026-11-01T10:00:00Z", "text_version": 1}
    path = write_zip(tmp_path / "a.zip", members, document)
    assert refusal_of(path) == (
        f"{path}: manifest.json: schema_version = 1 has one consent for all its photos, and none "
        "for each; nothing of it was imported, for nobody can say which of them it covers; keep "
        "photos with an app that exports schema 2"
    )


def test_an_archive_of_a_later_schema_is_refused_by_name(tmp_path):
    members = members_of([record(1)])
    document = {**manifest(members), "schema_version": 3, "new": 1}
    message = refusal_of(write_zip(tmp_path / "a.zip", members, document))
    assert "schema_version = 3; this decant reads 2; " in message
    assert message.endswith("use the decant of the release that the app has")


@pytest.mark.parametrize(("hours", "is_taken"), [(-27, False), (-26, True), (0, True)])
def test_clocks_may_be_a_day_apart(tmp_path, hours, is_taken):
    path = write_archive(tmp_path / "a.zip", record(1))
    expected = dataclasses.replace(EXPECTED, now=NOW + timedelta(hours=hours))
    if is_taken:
        read_archive(path, expected)
    else:
        words = "created = 2026-11-21T09:30:00.125000Z is in the future; here it is 2026-11-20T09"
        assert words in refusal_of(path, expected)


def test_wordings_of_registers(tmp_path):
    (tmp_path / "one.json").write_text(json.dumps({"2": EARLIER_WORDING, "3": WORDING}))
    (tmp_path / "two.json").write_text(json.dumps({"1": "ee" * 32}))
    found = read_wordings([tmp_path / "one.json", tmp_path / "two.json"])
    assert found == {**WORDINGS, "ee" * 32: 1}


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ([], "must be an object of digests by version"),
        ({}, "must be an object of digests by version"),
        ({"01": WORDING}, "01 is no version; it is a number from 1"),
        ({"two": WORDING}, "two is no version"),
        ({"1": "C0" * 32}, "1 = C0C0"),
        ({"1": 5}, "1 = 5 is no SHA-256"),
    ],
    ids=["list", "empty", "zero before", "word", "upper case", "number"],
)
def test_no_register(tmp_path, document, words):
    path = tmp_path / "consent_wording.json"
    path.write_text(json.dumps(document))
    with pytest.raises(DataError) as refusal:
        read_wordings([path])
    assert str(refusal.value).startswith(f"{path}: {words}")
    assert str(refusal.value).endswith("; android_demo/check-strings prints what belongs there")


def test_no_register_is_there(tmp_path):
    with pytest.raises(DataError, match=r"nope\.json: no such file"):
        read_wordings([tmp_path / "nope.json"])
