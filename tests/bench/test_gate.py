"""The gate opens for what the spec and the baseline allow, and for nothing else."""

import json
import re
import shutil
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from measured import CANDIDATES, measured, model_file, project

from decant.artifacts import sha256
from decant.bench import gate, load_report
from decant.bench.reading import load_baseline
from decant.bench.schema import Estimate
from decant.errors import DataError
from decant.source import zoo_models
from decant.spec import Gate
from decant.tasks import Evidence

POINTS = 0.03


@pytest.fixture
def folder(tmp_path):
    """Copy the measured report with its evidence."""
    out = tmp_path / "new"
    shutil.copytree(measured(), out)
    chosen = load_report(out / "report.json").chosen
    shutil.copy(model_file(chosen.name).path, out / "model.tflite")
    return out


@pytest.fixture
def baseline(tmp_path):
    out = tmp_path / "baseline"
    shutil.copytree(measured(), out)
    return out


def require(folder, **requirements):
    """Change the project's requirements, as if the report in the folder had been made for them."""
    spec = project()
    changed = spec.requirements.model_copy(update=requirements)
    settings = {"requirements": changed.model_dump(mode="json")}
    doctor(folder, lambda document, _: document["made_from"]["settings"].update(settings))
    return spec.model_copy(update={"requirements": changed})


def doctor(folder, change):
    """Edit a report's JSON by hand."""
    path = folder / "report.json"
    document = json.loads(path.read_text())
    entries = (document["reference"], *document["candidates"])
    change(document, next(each for each in entries if each["chosen"]))
    path.write_text(json.dumps(document))


def better(points):
    """Raise every metric of the chosen file."""

    def change(_document, chosen):
        for figures in chosen["accuracy"].values():
            for key in figures:
                figures[key] += points

    return change


def worsen(folder, photos):
    """Lose every hit on these photos, in the evidence and in what the report states."""
    path = folder / "evidence.npz"
    evidence = Evidence.load(path)
    lost = np.isin(evidence.arrays["images"], photos)
    arrays = {**evidence.arrays, "matched": evidence.arrays["matched"] & ~lost}
    evidence = replace(evidence, arrays=arrays)
    evidence.save(path)
    values = project().open_task().figures(evidence)

    def change(document, chosen):
        document["evidence"]["sha256"] = sha256(path)
        for metric, figures in chosen["accuracy"].items():
            shift = float(values[metric][0]) - figures["value"]
            for key in figures:
                figures[key] += shift

    doctor(folder, change)


def outcomes(result, group):
    return {check.name: check.outcome for check in result.checks if check.group == group}


def test_own_report_as_baseline_passes(folder):
    result = gate(folder, project(), baseline=folder / "report.json")
    assert result.passed
    assert outcomes(result, "baseline") == dict.fromkeys(("ap", "ap50", "quad_ap50"), "passed")
    assert result.warnings == ()
    assert "fall +0.0000 (95 %: +0.0000 … +0.0000)" in "\n".join(result.lines())


def test_baseline_three_points_better_fails(folder, baseline):
    doctor(baseline, better(POINTS))
    result = gate(folder, project(), baseline=baseline)
    assert not result.passed
    assert set(outcomes(result, "baseline").values()) == {"failed"}
    assert "gate failed: squares" in result.lines()


def test_doctored_report_alone_finds_its_evidence_by_hash(folder, tmp_path):
    alone = tmp_path / "baseline.json"
    shutil.copy(folder / "report.json", alone)
    result = gate(folder, project(), baseline=alone)
    assert result.passed
    assert result.warnings == ()


def test_one_doctored_metric_is_enough(folder, baseline):
    def change(_document, chosen):
        chosen["accuracy"]["quad_ap50"]["value"] += POINTS

    doctor(baseline, change)
    result = gate(folder, project(), baseline=baseline)
    assert [check.name for check in result.failed] == ["quad_ap50"]


def test_better_than_the_baseline_passes(folder, baseline):
    doctor(baseline, better(-POINTS))
    assert gate(folder, project(), baseline=baseline).passed


def test_fall_that_noise_explains_passes(folder, baseline):
    worsen(folder, photos=[4])
    result = gate(folder, require(folder, max_drop=0.0, min_accuracy=None), baseline=baseline)
    assert outcomes(result, "baseline")["ap50"] == "passed"
    fall = next(check.text for check in result.checks if check.name == "ap50")
    assert "fall +0.0" in fall
    assert "+0.0000 (95 %" not in fall


def test_fall_clear_of_noise_fails(folder, baseline):
    worsen(folder, photos=np.arange(0, 40, 2))
    result = gate(folder, require(folder, min_accuracy=None), baseline=baseline)
    assert outcomes(result, "baseline") == dict.fromkeys(("ap", "ap50", "quad_ap50"), "failed")


def test_fall_that_the_spec_allows_passes(folder, baseline):
    worsen(folder, photos=np.arange(0, 40, 2))
    result = gate(folder, require(folder, max_drop=0.9, min_accuracy=None), baseline=baseline)
    assert set(outcomes(result, "baseline").values()) == {"passed"}


@pytest.mark.parametrize(("lost", "outcome"), [(3, "passed"), (4, "failed")])
def test_fall_against_the_baseline_is_judged_by_its_count(folder, baseline, lost, outcome):
    def share(count):
        def change(_document, chosen):
            chosen["accuracy"]["ap50"] = dict.fromkeys(("value", "low", "high"), count / 300)

        return change

    doctor(baseline, share(293))
    doctor(folder, share(293 - lost))
    # Without evidence, and no interval around either figure: only the limit decides.
    for each in (folder, baseline):
        (each / "evidence.npz").unlink()
    result = gate(folder, require(folder, max_drop=0.01), baseline=baseline)
    assert outcomes(result, "baseline")["ap50"] == outcome


def test_slices_inform_and_decide_nothing(folder, baseline):
    def change(_document, chosen):
        chosen["slices"]["odd"]["accuracy"]["ap50"]["value"] = 1.0

    doctor(baseline, change)
    result = gate(folder, project(), baseline=baseline)
    assert outcomes(result, "slices") == {"even": "informs", "odd": "informs"}
    assert result.passed


def test_without_evidence_the_interval_is_unpaired_and_said_to_be(folder, baseline):
    (baseline / "evidence.npz").unlink()
    (folder / "evidence.npz").unlink()
    doctor(baseline, better(POINTS))
    result = gate(folder, project(), baseline=baseline)
    assert "intervals are unpaired" in result.warnings[0]
    # Forty photos cannot tell three points from noise.
    assert set(outcomes(result, "baseline").values()) == {"passed"}


def test_without_evidence_a_fall_beyond_both_intervals_fails(folder, baseline):
    (baseline / "evidence.npz").unlink()
    (folder / "evidence.npz").unlink()
    doctor(baseline, better(0.25))
    assert not gate(folder, project(), baseline=baseline).passed


def test_replaced_evidence_is_refused(folder, baseline):
    evidence = Evidence.load(folder / "evidence.npz")
    replace(evidence, ids=evidence.ids[::-1]).save(folder / "evidence.npz")
    with pytest.raises(DataError, match="not the evidence its report names"):
        gate(folder, project(), baseline=baseline)


def test_baseline_of_another_test_set_is_refused(folder, baseline):
    doctor(baseline, lambda document, _: document["data"]["test"].update(sha256="1" * 64))
    with pytest.raises(DataError, match="measured on another test set"):
        gate(folder, project(), baseline=baseline)


def test_baseline_of_another_model_is_refused(folder, baseline):
    doctor(baseline, lambda document, _: document.update(model="circles"))
    fault = 'is of model "circles", not "squares"; give an earlier report of this model'
    with pytest.raises(DataError, match=fault):
        gate(folder, project(), baseline=baseline)


def test_report_of_another_model_is_refused(folder):
    doctor(folder, lambda document, _: document.update(model="circles"))
    fault = 'is of model "circles", not "squares"; give the report of this model'
    with pytest.raises(DataError, match=fault):
        gate(folder, project())


def test_baseline_without_accuracy_is_refused(folder, baseline):
    doctor(baseline, lambda document, _: document.update(data=None, metric=None))
    with pytest.raises(DataError, match="has no accuracy"):
        gate(folder, project(), baseline=baseline)


def test_metric_that_vanished_fails(folder, baseline):
    doctor(folder, lambda _, chosen: chosen["accuracy"].pop("ap"))
    result = gate(folder, project(), baseline=baseline)
    assert outcomes(result, "baseline")["ap"] == "failed"


@pytest.mark.parametrize("name", ["float", *CANDIDATES])
def test_replaced_model_file_is_refused(folder, name):
    file = model_file(name).path.name
    (folder / file).write_bytes(b"another")
    with pytest.raises(DataError, match=rf"\n  {file}: not the {file} that report.json measured"):
        gate(folder, project())


def test_shipped_file_that_was_not_measured_is_refused(folder):
    shipped = folder / "model.tflite"
    assert gate(folder, project()).passed
    with shipped.open("ab") as file:
        file.write(b"junk")
    with pytest.raises(DataError, match=r"model\.tflite: not the .* that report.json measured"):
        gate(folder, project())


def test_baseline_of_schema_1_is_read(folder, baseline):
    def first(document, _chosen):
        document["schema"] = 1
        del document["made_from"]
        del document["choice"]["passed_over"]

    doctor(baseline, first)
    assert gate(folder, project(), baseline=baseline).passed


def test_report_of_schema_1_is_refused_with_what_to_do(folder):
    doctor(folder, lambda document, _: document.update(schema=1))
    with pytest.raises(DataError, match=r"schema = 1\); make it anew with: decant tflite x.toml"):
        gate(folder, project(), renewal="decant tflite x.toml")


def test_baseline_may_be_of_another_checkpoint_and_of_older_code(folder, baseline):
    doctor(baseline, lambda document, _: document["made_from"].update(code={}, files={}))
    assert gate(folder, project(), baseline=baseline).passed


def test_shipped_baseline_is_read():
    assert load_baseline(zoo_models()["detector"].parent / "baseline" / "report.json")


def test_missing_model_file_is_told(folder):
    (folder / "model.tflite").unlink()
    result = gate(folder, project(), baseline=folder)
    assert result.passed
    assert "nor model.tflite lies beside report.json: nothing shows" in result.warnings[0]


def nan(_document, chosen):
    chosen["accuracy"]["ap50"]["value"] = float("nan")


def no_size(_document, chosen):
    del chosen["size_bytes"]


def negative_size(_document, chosen):
    chosen["size_bytes"] = -1


def no_choice(_document, chosen):
    chosen["chosen"] = False


def no_latency(_document, chosen):
    chosen["latency_ms"] = {}


def no_drop(_document, chosen):
    del chosen["drop"]["ap50"]


def stranger(document, _chosen):
    del document["verdict"][0]["candidates"]["static_int8"]


def twice(document, _chosen):
    document["candidates"][1]["name"] = document["candidates"][0]["name"]


def older(document, _chosen):
    document["schema"] = 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (nan, r"accuracy\.ap50\.value: Input should be a finite number"),
        (no_size, "size_bytes: Field required"),
        (negative_size, r"size_bytes: Input should be greater than 0"),
        (
            no_choice,
            "contradicts itself; run the bench again\n  0 files are marked chosen, not one",
        ),
        (no_latency, r"\w+_int8: latency_ms lacks threads_1"),
        (no_drop, r"\w+_int8: accuracy without drop \(ap50\)"),
        (stranger, "verdict max_drop: is not about the files of the report"),
        (twice, "two files have one name"),
        (older, r"not a report of schema 3 \(schema = 0\); make it anew with: decant tflite"),
    ],
)
@pytest.mark.parametrize("side", ["new", "baseline"])
def test_report_edited_by_hand_is_refused(folder, baseline, change, message, side):
    edited = {"new": folder, "baseline": baseline}[side]
    doctor(edited, change)
    with pytest.raises(DataError, match=rf"{edited.name}/report\.json: ") as caught:
        gate(folder, project(), baseline=baseline)
    assert re.search(message, str(caught.value))
    assert not (folder / "gate.xml").exists()


def test_baseline_of_other_metrics_fails_on_those_not_measured(folder, baseline):
    def rename(_document, chosen):
        for figures in (chosen["accuracy"], chosen["drop"]):
            figures["ap75"] = figures.pop("ap")

    doctor(baseline, rename)
    result = gate(folder, project(), baseline=baseline)
    assert [check.text for check in result.failed] == ["ap75: in the baseline, not measured"]


def test_size_that_the_file_does_not_have_is_refused(folder):
    doctor(folder, lambda _, chosen: chosen.update(size_bytes=9))
    with pytest.raises(DataError, match=r"has 9 bytes, but it has \d+; run the bench again"):
        gate(folder, project())


def test_missing_baseline_is_refused(folder, tmp_path):
    with pytest.raises(DataError, match=r"none\.json: no such file"):
        gate(folder, project(), baseline=tmp_path / "none.json")


def test_specs_baseline_is_taken_when_none_is_given(folder, baseline):
    doctor(baseline, better(POINTS))
    spec = project().model_copy(update={"gate": Gate(baseline=str(baseline / "report.json"))})
    assert not gate(folder, spec).passed


def test_without_any_baseline_requirements_decide(folder):
    result = gate(folder, project())
    assert result.passed
    assert "no baseline" in result.warnings[0]
    assert outcomes(result, "baseline") == {}


def test_requirement_of_the_spec_is_held_against_the_report(folder):
    result = gate(folder, require(folder, max_size_bytes=10_000))
    assert [check.name for check in result.failed] == ["max_size_bytes"]


def test_report_that_was_made_for_other_requirements_is_not_judged(folder):
    shutil.copytree(folder, folder.parent / "other")
    spec = require(folder.parent / "other", max_drop=0.5)
    with pytest.raises(DataError) as caught:
        gate(folder, spec, renewal="decant tflite squares.toml")
    assert str(caught.value) == (
        f"{folder}/report.json: was made from something else than there is now:\n"
        "  [requirements] max_drop: was 0.02, is 0.5\n"
        "Make it anew with: decant tflite squares.toml"
    )
    assert not (folder / "gate.xml").exists()


def test_report_that_does_not_say_what_it_was_made_from_is_not_judged(folder):
    doctor(folder, lambda document, _: document.update(made_from=None))
    with pytest.raises(DataError, match=r"does not say what it was made from, .* decant tflite"):
        gate(folder, project())


def test_unmeasured_device_is_told_and_does_not_fail(folder):
    result = gate(folder, project())
    assert outcomes(result, "requirements")["latency[1].max_ms"] == "not measured"


def test_fall_of_the_test_set_against_pytorch_fails(folder):
    def change(_document, chosen):
        chosen["drop"]["ap50"] = Estimate(value=0.021, low=0.0, high=0.04).model_dump()

    doctor(folder, change)
    result = gate(folder, project())
    assert [check.name for check in result.failed] == ["max_drop"]


def test_junit_says_what_the_gate_says(folder, baseline):
    doctor(baseline, better(POINTS))
    result = gate(folder, project(), baseline=baseline)
    suite = ElementTree.parse(folder / "gate.xml").getroot()
    cases = suite.findall("testcase")
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("9", "3", "1")
    failed = {case.get("name") for case in cases if case.find("failure") is not None}
    assert failed == {check.name for check in result.failed}
    assert cases[0].get("classname") == "squares.requirements"


def test_markdown_has_a_row_per_check(folder, tmp_path):
    out = tmp_path / "elsewhere"
    result = gate(folder, project(), baseline=folder, out=out)
    text = (out / "gate.md").read_text()
    assert text.startswith("# Gate passed: squares")
    assert text.count("\n| ") - text.count("\n| |") == len(result.checks)
    assert "| ⚪ not measured | `latency[1].max_ms` |" in text
    assert not (folder / "gate.md").exists()


def test_files_name_the_report_they_judged(folder):
    gate(folder, project())
    digest = sha256(folder / "report.json")
    suite = ElementTree.parse(folder / "gate.xml").getroot()
    assert suite.find("properties/property[@name='report_sha256']").get("value") == digest
    assert f"sha256 `{digest}`" in (folder / "gate.md").read_text()


def test_gate_that_cannot_judge_leaves_no_earlier_answer(folder):
    assert gate(folder, project()).passed
    (folder / "report.json").write_text("{")
    with pytest.raises(DataError, match=r"report\.json"):
        gate(folder, project())
    assert not (folder / "gate.xml").exists()
    assert not (folder / "gate.md").exists()
