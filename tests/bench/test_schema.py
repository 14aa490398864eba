"""report.json survives a round trip, and a broken one is refused by name."""

import json
from pathlib import Path

import pytest
from bench_reports import entry, unfit

from decant.bench import schema as schema_module
from decant.bench.reading import load_report
from decant.bench.schema import Choice, Report, json_schema
from decant.errors import DataError
from decant.machine import this_machine


@pytest.fixture
def report():
    candidate = entry("int8", ratio=0.5, size=0.25).model_copy(update={"chosen": True})
    return Report(
        model="squares",
        machine=this_machine(),
        reference=entry("float"),
        candidates=(candidate,),
        choice=Choice(name="int8", reason="fastest"),
    )


@pytest.fixture
def document(report):
    return report.model_dump(mode="json", by_alias=True)


def written(folder, document):
    path = folder / "report.json"
    path.write_text(json.dumps(document))
    return path


def test_round_trip(report, tmp_path):
    path = tmp_path / "report.json"
    report.save(path)
    assert load_report(path) == report
    again = tmp_path / "again.json"
    load_report(path).save(again)
    assert again.read_bytes() == path.read_bytes()


def test_promised_keys_are_there(document):
    assert document["schema"] == 3
    assert {"model", "machine", "reference", "candidates", "verdict"} <= document.keys()
    assert "isa" in document["machine"]
    for each in (document["reference"], *document["candidates"]):
        keys = {"name", "file", "sha256", "size_bytes", "latency_ms", "accuracy", "drop"}
        assert keys | {"parity", "chosen"} <= each.keys()
        times = each["latency_ms"]["threads_1"]
        assert {"median", "p90", "n", "ratio_to_reference"} <= times.keys()
        assert each["accuracy"]["ap50"].keys() == {"value", "low", "high"}


def test_chosen_is_the_marked_one(report):
    assert report.chosen.name == "int8"


def test_missing_report_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"report\.json: no such file"):
        load_report(tmp_path / "report.json")


def test_truncated_report_is_refused(tmp_path, document):
    path = tmp_path / "report.json"
    path.write_text(json.dumps(document)[:200])
    with pytest.raises(DataError, match="not a JSON file"):
        load_report(path)


@pytest.mark.parametrize("schema", [1, 2, 4, None, "3"])
def test_other_schema_is_refused(tmp_path, document, schema):
    path = written(tmp_path, {**document, "schema": schema})
    with pytest.raises(DataError, match=rf"not a report of schema 3 \(schema = {schema!r}\)"):
        load_report(path)


def test_list_is_refused(tmp_path):
    with pytest.raises(DataError, match="not a report of schema 3"):
        load_report(written(tmp_path, [1, 2]))


@pytest.mark.parametrize(
    ("change", "place"),
    [
        pytest.param(lambda d: d.pop("machine"), "machine: Field required", id="missing"),
        pytest.param(lambda d: d.update(speed=1), "speed: Extra inputs", id="unknown"),
        pytest.param(
            lambda d: d["reference"].update(size_bytes="large"), "reference.size_bytes", id="type"
        ),
        pytest.param(
            lambda d: d["reference"]["accuracy"]["ap50"].update(value=float("nan")),
            "reference.accuracy.ap50.value",
            id="NaN",
        ),
    ],
)
def test_fault_is_named(tmp_path, document, change, place):
    change(document)
    with pytest.raises(DataError, match=r"not a whole report") as caught:
        load_report(written(tmp_path, document))
    assert place in str(caught.value)


def test_two_chosen_files_are_refused(tmp_path, document):
    document["reference"]["chosen"] = True
    with pytest.raises(DataError, match="2 files are marked chosen"):
        load_report(written(tmp_path, document))


def test_unfit_file_that_is_chosen_is_refused(tmp_path, report):
    lost = report.model_copy(update={"candidates": (unfit(report.candidates[0]),)})
    with pytest.raises(DataError, match="int8 is marked chosen, and has lost part of an output"):
        load_report(written(tmp_path, lost.model_dump(mode="json", by_alias=True)))


def test_json_schema_names_what_the_file_has(document):
    schema = json_schema()
    assert set(document) == set(schema["properties"])
    assert schema["properties"]["schema"]["const"] == 3
    assert {"model", "machine", "reference", "choice"} <= set(schema["required"])


def test_published_schema_is_the_codes():
    published = Path(schema_module.__file__).with_name("report.schema.json")
    assert json.loads(published.read_text()) == json_schema(), (
        "write bench/report.schema.json anew from decant.bench.schema.json_schema()"
    )
