"""A detector whose scores int8 would destroy is marked unfit, and each piece of advice saves it."""

import json
import re

import numpy as np
import pytest
import torch
import yolo_head
from candidates import named

from decant.artifacts import read_json
from decant.convert import to_tflite
from decant.fidelity import broken
from decant.quantize import DYNAMIC_INT8, FLOAT16, STATIC_INT8, Group, load_recipes, quantize
from decant.runtime import LiteRtModel

LAYOUTS = {"rows": False, "columns": True}
CALIBRATION, SEEN = yolo_head.pictures(24), yolo_head.pictures(35, seed=9)


@pytest.fixture(scope="module", params=LAYOUTS)
def head(request, tmp_path_factory):
    """A YOLO head's float file and its candidates, and whether cells are its rows."""
    folder, rows = tmp_path_factory.mktemp(request.param), LAYOUTS[request.param]
    yolo_head.write_onnx(folder / "net.onnx", rows=rows)
    converted = to_tflite(folder / "net.onnx", folder, inputs={"images": CALIBRATION[:2]})
    # By itself decant joins such an output in float.
    whole = STATIC_INT8.model_copy(
        update={"groups": (Group(scheme="static_int8", kinds=STATIC_INT8.kinds),)}
    )
    recipes = [whole, DYNAMIC_INT8, FLOAT16]
    report = quantize(
        converted.tflite, folder, calibration={"images": CALIBRATION}, recipes=recipes
    )
    return report, rows


def surviving(report, candidate, decoded):
    """Count the detections of the float file that a candidate still has, and all of them."""
    files = (report.folder / "model_fp32.tflite", report.path(candidate))
    models = [LiteRtModel(file, candidate.inputs, candidate.outputs) for file in files]
    pairs = [
        yolo_head.kept(*(decoded(model.run({"images": picture[None]})) for model in models))
        for picture in SEEN
    ]
    return tuple(sum(counts) for counts in zip(*pairs, strict=True))


def of_one(rows):
    return lambda out: out["output0"].swapaxes(1, 2) if rows else out["output0"]


def test_scores_lost_beside_boxes_make_static_int8_unfit(head):
    report, rows = head
    candidate = named(report, "static_int8")
    where = "[:, :, 4:7]" if rows else "[:, 4:7, :]"
    (part,) = broken(candidate.parts)
    assert (part.output, part.where, part.values) == ("output0", where, 1)
    assert part.snr_db < 1
    assert part.float_values > 1000
    assert not candidate.fit
    assert candidate.snr_db == {"output0": part.snr_db}
    kept, expected = surviving(report, candidate, of_one(rows))
    assert (kept, expected > 100) == (0, True)
    told = read_json(report.folder / "quantize.json")["candidates"][0]
    assert told["fit"] is False
    assert told["parts"] == [each.model_dump() for each in candidate.parts]


@pytest.mark.parametrize("name", ["dynamic_int8", "float16"])
def test_forms_that_keep_the_scores_are_fit(head, name):
    report, rows = head
    candidate = named(report, name)
    assert candidate.fit
    kept, expected = surviving(report, candidate, of_one(rows))
    assert kept == expected > 100


def test_warning_names_the_part_the_figure_and_the_ways_out(head):
    report, rows = head
    part = broken(named(report, "static_int8").parts)[0]
    boxes = "[:, :, 0:4]" if rows else "[:, 0:4, :]"
    (warning,) = report.warnings
    assert warning.startswith(
        f"model_int8.tflite is unfit: output0{part.where} has lost its information"
        f" ({part.snr_db:.1f} dB, 1 distinct value where the float file has "
    )
    assert f"output0 holds {boxes} from 0 to 624 beside {part.where} from 0.000 to 0.98" in warning
    assert "as outputs of their own instead of joining them, or join them in one size" in warning
    assert warning.endswith("dynamic_int8 and float16 keep all outputs")


def test_keeping_float_what_the_warning_names_saves_the_detections(head, tmp_path):
    """The expressions are put into recipe.json as they are printed, and the file is made anew."""
    report, _ = head
    document = (report.folder / "recipe.json").read_text()
    advised = re.search(r'"keep_float": \[.*?\](?= in the recipe static_int8)', report.warnings[0])
    first = document.index('"keep_float": []')  # static_int8 is the first recipe
    assert json.loads(document)["recipes"][0]["name"] == "static_int8"
    edited = document[:first] + advised[0] + document[first + len('"keep_float": []') :]
    (tmp_path / "recipe.json").write_text(edited)
    made = quantize(
        report.folder / "model_fp32.tflite",
        report.folder / "kept",
        calibration={"images": CALIBRATION},
        recipes=load_recipes(tmp_path / "recipe.json")[:1],
    )
    candidate = made.candidates[0]
    assert made.warnings == ()
    assert candidate.fit
    assert candidate.recipe.keep_float
    assert candidate.operators["CONV_2D"] == 1  # still int8: two in float are named as islands
    assert "CONV_2D" not in made.notes[0]
    paths = {"int8": made.path(candidate), "float": report.folder / "model_fp32.tflite"}
    assert paths["int8"].stat().st_size < paths["float"].stat().st_size


class TwoOutputs(yolo_head.YoloHead):
    """The same detector with outputs of their own for boxes and scores."""

    def forward(self, images):
        return self.boxes_and_scores(images)


class Normalised(yolo_head.YoloHead):
    """The same detector with boxes from 0 to 1."""

    def forward(self, images):
        boxes, scores = self.boxes_and_scores(images)
        return torch.cat([boxes / 640, scores], 1)


@pytest.mark.parametrize(
    ("network", "decoded"),
    [
        (TwoOutputs, lambda out: np.concatenate(list(out.values()), 1)),
        (Normalised, lambda out: next(iter(out.values())) * np.array([640] * 4 + [1] * 3)[:, None]),
    ],
    ids=["outputs-of-their-own", "one-size"],
)
def test_changing_the_model_as_advised_saves_the_detections(tmp_path, network, decoded):
    converted = to_tflite(network().eval(), tmp_path, inputs={"images": CALIBRATION})
    report = quantize(
        converted.tflite, tmp_path, calibration={"images": CALIBRATION}, recipes=[STATIC_INT8]
    )
    candidate = named(report, "static_int8")
    assert candidate.fit
    assert report.warnings == ()
    kept, expected = surviving(report, candidate, decoded)
    assert kept == expected > 100
