"""`decant init` writes a spec that is whole but for what only its owner knows."""

from __future__ import annotations

import re
import shutil
import tomllib

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper
from processes import run_decant

from decant import pipeline
from decant.contract.decode import EndToEndRule, SsdRule, TextRule, YoloRule
from decant.contract.decode.box_scores import TwoOutputRule
from decant.contract.rules import kind_of
from decant.errors import DataError, SpecError, UsageError
from decant.quantization import Plan
from decant.spec import load_spec
from decant.tasks import SECTIONS


def write_onnx(path, inputs, shapes=None):
    """Write a network of these inputs, and of outputs of these shapes; else each is handed on."""
    names = [name for name, *_ in inputs]
    if shapes is None:
        nodes = [helper.make_node("Identity", [name], [f"{name}_out"]) for name in names]
        outputs = [helper.make_tensor_value_info(f"{n}_out", t, s) for n, t, s in inputs]
    else:
        nodes = [
            helper.make_node("RandomNormal", [], [name], shape=shapes[name]) for name in shapes
        ]
        outputs = [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
            for name, shape in shapes.items()
        ]
    values = [helper.make_tensor_value_info(*each) for each in inputs]
    graph = helper.make_graph(nodes, "net", values, outputs)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, path)


OPTION = re.compile(r"^#   decode = (.+)$", re.MULTILINE)
KINDS = [kind_of(section) for section in SECTIONS]
# Of each kind, outputs that it takes; and the decode rule that fits, if one alone does.
READ = [
    pytest.param("classification", {"o": [1, 5]}, None, id="classes"),
    pytest.param("classification", {"o": [1, 1]}, None, id="one class"),
    pytest.param("detection", {"o": [1, 9, 400]}, "yolo", id="yolo values first"),
    pytest.param("detection", {"o": [1, 400, 10]}, "yolo", id="yolo boxes first"),
    pytest.param("detection", {"o": [1, 9, 400], "p": [1, 8, 4]}, "yolo", id="yolo and another"),
    pytest.param("detection", {"o": [1, 30, 6]}, None, id="end to end or yolo"),
    pytest.param("detection", {"o": [1, 4, 6]}, "end_to_end", id="end to end"),
    pytest.param("detection", {"b": [1, 30, 4], "s": [1, 30, 5]}, None, id="boxes and scores"),
    pytest.param("detection", {"s": [1, 30, 1], "b": [1, 30, 4]}, "boxes_scores", id="one score"),
    pytest.param(
        "quad_detection",
        {
            "scores_s8": [1, 2, 4, 6],
            "corners_s8": [1, 8, 4, 6],
            "scores_s16": [1, 2, 2, 3],
            "corners_s16": [1, 8, 2, 3],
        },
        "quad_grid",
        id="quads",
    ),
    pytest.param("regression", {"o": [1, 3]}, None, id="targets"),
    pytest.param("segmentation", {"o": [1, 4, 8, 12]}, "segmentation", id="maps"),
    pytest.param("segmentation", {"o": [1, 1, 8, 12]}, "segmentation", id="one map"),
    pytest.param("image", {"o": [1, 3, 64, 96]}, None, id="picture"),
    pytest.param("keypoints", {"o": [1, 5, 2]}, None, id="points"),
    pytest.param("keypoints", {"o": [1, 5, 8, 12]}, None, id="heat maps"),
    pytest.param("sequence", {"o": [1, 24, 11]}, None, id="text"),
    pytest.param("sequence", {"o": [24, 1, 11]}, "ctc", id="text, time first"),
    pytest.param("embedding", {"o": [1, 16]}, None, id="vector"),
]
# What an owner writes in place of what is marked.
ANSWERS = {
    'metric = "…"': 'metric = "figure"',
    'factory = "…"': 'factory = "task.py:Task"',
}

PHOTO = ("photo", TensorProto.FLOAT, [1, 3, 32, 48])
NUMBERS = ("numbers", TensorProto.FLOAT, ["batch", 7])
TOKENS = ("tokens", TensorProto.INT64, [1, 12])


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_gets_a_spec_of_its_own_keys(tmp_path, kind):
    write_onnx(tmp_path / "net.onnx", [PHOTO])
    begun = pipeline.init(str(tmp_path / "net.onnx"), kind, out=tmp_path / "model.toml")
    document = tomllib.loads(begun.path.read_text())
    assert document["task"]["kind"] == kind
    assert document["model"] == {"name": "net", "file": "net.onnx"}
    assert set(document["data"]) == {"calibration", "validation", "test"}
    assert begun.open_keys == begun.path.read_text().count("# TODO") > 0


def filled(text, decode):
    """Fill in what is marked, and nothing else."""
    lines = []
    for line in text.splitlines():
        for written, answer in {"decode = {}": f"decode = {decode}", **ANSWERS}.items():
            if "# TODO" in line:
                line = line.replace(written, answer)
        lines.append(line)
    return "\n".join(lines)


def ways(path, kind, source):
    """Begin a spec, and give a filled one for each way to decode that it lists."""
    begun = pipeline.init(str(source), kind, out=path / f"{kind}.toml")
    text = begun.path.read_text()
    found = [filled(text, option) for option in OPTION.findall(text)] or [filled(text, "{}")]
    for number, each in enumerate(found):
        (path / f"{kind}_{number}.toml").write_text(each)
        yield load_spec(path / f"{kind}_{number}.toml")


def fitting(spec, shapes):
    """Write the names and characters that the outputs have room for, which nobody can guess."""
    rule = spec.task.decode if "decode" in type(spec.task).model_fields else None
    if isinstance(rule, TextRule):
        (shape,) = shapes.values()
        count = shape[2] - (rule.blank is not None)
        rule = rule.model_copy(update={"alphabet": tuple("abcdefghijklmnop"[:count])})
        return spec.task.model_copy(update={"decode": rule})
    if isinstance(rule, TwoOutputRule | EndToEndRule | YoloRule) and len(spec.task.labels) == 2:
        scores = next(shape[2] for shape in shapes.values() if shape[2] != 4)
        others = 5 if isinstance(rule, YoloRule) else isinstance(rule, SsdRule)
        labels = tuple(map(str, range(scores - others)))
        return spec.task.model_copy(update={"labels": labels})
    return spec.task


@pytest.mark.parametrize(("kind", "shapes", "rule"), READ)
def test_a_spec_reads_the_outputs_once_what_is_marked_is_filled_in(tmp_path, kind, shapes, rule):
    write_onnx(tmp_path / "net.onnx", [PHOTO], shapes)
    np.save(tmp_path / "anchors.npy", np.ones((30, 4)))
    found = list(ways(tmp_path, kind, tmp_path / "net.onnx"))
    for spec in found:
        task = fitting(spec, shapes).open(tmp_path)
        task.check_outputs({name: tuple(shape) for name, shape in shapes.items()}, (32, 48))
    text = (tmp_path / f"{kind}.toml").read_text()
    if rule is not None:
        assert [spec.task.decode.kind for spec in found] == [rule]
        assert "decode = {}  # TODO" not in text
    elif "decode" in type(found[0].task).model_fields:
        assert len(found) > 1
        assert "decode = {}  # TODO: one of the above" in text


@pytest.mark.parametrize("kind", KINDS)
def test_a_spec_of_a_factory_is_usable_once_it_is_filled_in(tmp_path, kind):
    assert [spec.model.factory for spec in ways(tmp_path, kind, "net.py:build")]


@pytest.fixture(scope="module")
def exported(finished, tmp_path_factory):
    """A network as a file of each form, two of which the finished project has."""
    folder = tmp_path_factory.mktemp("exported")
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 32 * 48, 2)).eval()
    program = torch.export.export(network, (torch.zeros(1, 3, 32, 48),))
    torch.export.save(program, folder / "net.pt2")
    shutil.copy(finished / "build/bright/model_fp32.tflite", folder / "net.tflite")
    shutil.copy(finished / "build/bright/model.onnx", folder / "net.onnx")
    return folder


# What is read of a .pt2 is read of the .onnx that it becomes, which takes a while.
FORMS = [
    *((form, kind) for form in ("onnx", "tflite") for kind in KINDS),
    *(("pt2", kind) for kind in ("classification", "sequence")),
]


@pytest.mark.parametrize(("form", "kind"), FORMS)
def test_a_spec_of_a_file_is_usable_once_it_is_filled_in(exported, tmp_path, form, kind):
    specs = list(ways(tmp_path, kind, exported / f"net.{form}"))
    for spec in specs:
        assert spec.model.file.endswith(f"net.{form}")
        assert spec.image.shape == (1, 3, 32, 48)
        if kind == "classification":
            assert len(spec.task.labels) == 2
    if kind in ("detection", "sequence", "segmentation", "quad_detection"):
        assert "No decode rule reads these" in (tmp_path / f"{kind}.toml").read_text()


@pytest.mark.parametrize(
    ("inputs", "source"),
    [
        ([NUMBERS], {"kind": "arrays", "path": "test.npz", "input": "numbers", "truth": "label"}),
        (
            [PHOTO, NUMBERS],
            {
                "kind": "table",
                "path": "test.csv",
                "input": {"photo": "photo", "numbers": "numbers"},
                "truth": "label",
            },
        ),
        ([PHOTO], {"kind": "folder", "path": "test"}),
    ],
    ids=["numbers", "several", "photo"],
)
def test_the_sources_fit_the_inputs(tmp_path, inputs, source):
    write_onnx(tmp_path / "net.onnx", inputs)
    begun = pipeline.init(str(tmp_path / "net.onnx"), "classification", out=tmp_path / "model.toml")
    assert tomllib.loads(begun.path.read_text())["data"]["test"] == source


def test_an_error_that_has_a_unit_asks_how_much_it_may_grow(tmp_path):
    begun = pipeline.init("net.py:build", "regression", out=tmp_path / "model.toml")
    assert "max_drop = 0.01  # TODO: mae is in numbers of its own" in begun.path.read_text()


def test_a_filled_spec_is_usable(tmp_path):
    write_onnx(tmp_path / "net.onnx", [PHOTO])
    begun = pipeline.init(str(tmp_path / "net.onnx"), "classification", out=tmp_path / "model.toml")
    spec = load_spec(begun.path)
    assert spec.image.shape == (1, 3, 32, 48)
    assert spec.task.labels == ("first", "second")
    # What stands as a comment is what holds when it is left out.
    for line in begun.path.read_text().partition("# [quantization.plan]")[0].splitlines():
        written = re.match(r"# (max_drop|recipes|serving) = (.+)$", line)
        if written:
            section = spec.quantization if written[1] == "recipes" else spec.requirements
            value = tomllib.loads(f"x = {written[2]}")["x"]
            found = getattr(section, written[1])
            assert value == (list(found) if isinstance(found, tuple) else found)


def test_a_plan_is_searched_for_once_its_section_is_no_comment(tmp_path):
    write_onnx(tmp_path / "net.onnx", [PHOTO])
    begun = pipeline.init(str(tmp_path / "net.onnx"), "classification", out=tmp_path / "model.toml")
    assert load_spec(begun.path).quantization.plan is None
    text = begun.path.read_text()
    begun.path.write_text(re.sub(r"# (\[quantization\.plan\]|budget = .*)", r"\1", text))
    assert load_spec(begun.path).quantization.plan == Plan()


def test_inputs_are_described_each_by_its_kind(tmp_path):
    write_onnx(tmp_path / "net.onnx", [PHOTO, NUMBERS, TOKENS])
    begun = pipeline.init(str(tmp_path / "net.onnx"), "classification", out=tmp_path / "model.toml")
    spec = load_spec(begun.path)
    assert list(spec.signature) == ["photo", "numbers", "tokens"]
    assert [each.kind for each in spec.signature.values()] == ["image", "array", "array"]
    assert spec.signature["numbers"].shape == (1, 7)
    assert spec.signature["tokens"].dtype == "int64"


def test_a_free_size_is_marked(tmp_path):
    write_onnx(tmp_path / "net.onnx", [("x", TensorProto.FLOAT, [1, 3, "h", "w"])])
    begun = pipeline.init(str(tmp_path / "net.onnx"), "classification", out=tmp_path / "model.toml")
    assert "TODO: height and width are free in the file" in begun.path.read_text()


def test_a_factory_is_not_run(tmp_path):
    begun = pipeline.init("gone.py:build", "classification", out=tmp_path / "model.toml")
    assert 'factory = "gone.py:build"' in begun.path.read_text()


@pytest.mark.parametrize(
    ("source", "kind", "error", "message"),
    [
        ("net.onnx", "clasification", UsageError, "--task clasification: must be one of "),
        ("gone.onnx", "classification", DataError, "no such file"),
        ("net.h5", "classification", UsageError, "give a .onnx, a .pt2, a .tflite file, or a fac"),
        ("broken.onnx", "classification", DataError, "broken.onnx"),
        ("broken.tflite", "classification", DataError, "broken.tflite"),
    ],
)
def test_what_cannot_be_begun_is_refused(tmp_path, monkeypatch, source, kind, error, message):
    monkeypatch.chdir(tmp_path)
    write_onnx("net.onnx", [PHOTO])
    (tmp_path / "broken.onnx").write_bytes(b"\x08\x07no")
    (tmp_path / "broken.tflite").write_bytes(b"TFL3")
    with pytest.raises(error, match=message):
        pipeline.init(source, kind)
    assert not (tmp_path / "model.toml").exists()


def test_a_spec_that_is_there_stays(tmp_path):
    (tmp_path / "model.toml").write_text("mine")
    ended = run_decant(tmp_path, "init", "net.py:build", "--task", "classification")
    assert ended.returncode == 5
    assert "model.toml: is there already" in ended.stderr
    assert (tmp_path / "model.toml").read_text() == "mine"


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("", r"model: factory: missing; add it"),
        ('factory = "a.py:b"\nfile = "a.onnx"', "give either factory or file"),
        ('file = "a.onnx"\ncheckpoint = "a.pt"', "checkpoint, arguments and swap are for a"),
        ('file = "a.h5"', 'file = "a.h5" is none of .onnx, .pt2, .tflite'),
    ],
)
def test_a_model_comes_from_one_place(tmp_path, section, message):
    pipeline.init("net.py:build", "classification", out=tmp_path / "model.toml")
    text = (tmp_path / "model.toml").read_text()
    text = text.replace('factory = "net.py:build"', section)
    (tmp_path / "model.toml").write_text(text)
    with pytest.raises(SpecError, match=message):
        load_spec(tmp_path)
