"""`decant quantize` on files: what it prints, what it makes again, and what it refuses."""

import io
import json
import os
import termios

import numpy as np
import pytest
import torch
from bench_reports import LOST
from candidates import named
from processes import run_decant
from rich.text import Text
from written_networks import PICTURES, write_network

from decant.artifacts import read_json
from decant.cli.tables import show_candidates
from decant.cli.terminal import Terminal
from decant.errors import DataError
from decant.fidelity import decibels
from decant.flatbuffer import Graph, empty_graph, united
from decant.pipeline import Quantized
from decant.pipeline.onnx_form import compare_onnx_form
from decant.quantize import QuantizeReport, load_recipes, quantize

# Word numbers with a table of word vectors: the whole of what a text model begins with.
WORDS = """<ir_version: 10, opset_import: ["" : 21]>
net (int32[1, 5] words, float[1, 5, 1] mask) => (float[1, 5, 3] scores)
<float[16, 8] vectors, float[8, 3] weight>
{
    found = Gather (vectors, words)
    seen = Mul (found, mask)
    scores = MatMul (seen, weight)
}"""
FILES = ("model_int8.tflite", "model_int8_dynamic.tflite", "model_fp16.tflite")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """A folder with a network, samples and what was made of them; not to be changed."""
    folder = tmp_path_factory.mktemp("pictures")
    write_network(folder / "net.onnx", PICTURES, kernel=(4, 3, 3, 3))
    samples = np.random.default_rng(0).normal(size=(8, 3, 8, 12)).astype(np.float32)
    np.savez(folder / "samples.npz", image=samples)
    ended = run_decant(
        *(folder, "quantize", "net.onnx", "--calibration", "samples.npz", "-o", "out"),
        "--no-plan",
        check=True,
    )
    (folder / "printed.txt").write_text(ended.stdout)
    return folder


def table(printed):
    """Read a printed table as {output: {recipe: (ratio, meaning)}}."""
    lines = [line.split() for line in printed.splitlines()]
    start = next(at for at, words in enumerate(lines) if words[:1] == ["output"])
    names = lines[start][1:]
    rows = (words for words in lines[start + 1 :] if len(words) == 2 * len(names) + 1)
    return {
        output: dict(zip(names, zip(cells[::2], cells[1::2], strict=True), strict=True))
        for output, *cells in rows
    }


def test_every_output_of_every_candidate_has_its_ratio(pictures):
    report = QuantizeReport.model_validate(read_json(pictures / "out" / "quantize.json"))
    expected = {
        output: {each.name: (f"{each.snr_db[output]:.1f}", "good") for each in report.candidates}
        for output in ("edges", "level")
    }
    printed = (pictures / "printed.txt").read_text()
    assert table(printed) == expected
    assert (
        "in dB against the float file: good from 20 dB, broken below 10 dB or with 4 values or"
        " fewer left of many, doubtful between\n"
    ) in printed
    assert set(expected["edges"]) == {"static_int8", "dynamic_int8", "float16"}
    for each in report.candidates:
        assert f"out/{each.file}: {each.size_bytes:,} bytes, " in printed


def test_recipe_makes_the_same_files_with_no_calibration_data(decant, pictures, tmp_path):
    out = tmp_path / "again"
    recipe = pictures / "out" / "recipe.json"
    ended = decant("quantize", pictures / "net.onnx", "--recipe", recipe, "-o", out)
    assert ended.code == 0, ended.err
    assert "no calibration data: the files run, but no signal-to-noise ratio" in ended.err
    for name in FILES:
        assert (out / name).read_bytes() == (pictures / "out" / name).read_bytes(), name
        assert f"{name}: " in ended.out


@pytest.mark.parametrize("kind", ["onnx", "pt2", "tflite"])
def test_without_calibration_two_forms_are_made(decant, pictures, tmp_path, kind):
    source = pictures / ("out/model_fp32.tflite" if kind == "tflite" else "net.onnx")
    if kind == "pt2":
        source = tmp_path / "net.pt2"
        example = (torch.zeros(1, 3, 8, 12),)
        torch.export.save(torch.export.export(torch.nn.Conv2d(3, 4, 3), example), source)
    ended = decant("quantize", source, "-o", tmp_path / "out")
    assert ended.code == 0, ended.err
    assert "note: static_int8 is not made: its ranges need real samples" in ended.err
    assert "error" not in ended.err
    made = {path.name for path in (tmp_path / "out").glob("model_*.tflite")}
    assert made - {"model_fp32.tflite"} == {"model_int8_dynamic.tflite", "model_fp16.tflite"}
    assert "model_fp16.tflite: " in ended.out


def test_static_recipe_without_ranges_still_needs_calibration(decant, pictures, tmp_path):
    document = read_json(pictures / "out" / "recipe.json")
    for recipe in document["recipes"]:
        recipe["ranges"] = {}
    (tmp_path / "recipe.json").write_text(json.dumps(document))
    recipe = ("--recipe", tmp_path / "recipe.json")
    ended = decant("quantize", pictures / "net.onnx", *recipe, "-o", tmp_path / "out")
    assert ended.code == 5
    assert "recipe 'static_int8' has no activation ranges; give real samples" in ended.err
    assert not (tmp_path / "out").exists()


def test_recipe_of_another_model_is_refused(decant, pictures, tmp_path):
    document = read_json(pictures / "out" / "recipe.json")
    ranges = document["recipes"][0]["ranges"]
    ranges["elsewhere"] = ranges.pop(next(iter(ranges)))
    (tmp_path / "other.json").write_text(json.dumps(document))
    out = tmp_path / "out"
    out.mkdir()
    (out / "model_int8.tflite").write_bytes(b"earlier")
    source = pictures / "out" / "model_fp32.tflite"
    ended = decant("quantize", source, "--recipe", tmp_path / "other.json", "-o", out)
    assert ended.code == 5
    assert "recipe 'static_int8' has a range for 'elsewhere', which the model" in ended.err
    assert "Traceback" not in ended.err
    assert [path.name for path in out.iterdir()] == ["model_int8.tflite"]
    assert (out / "model_int8.tflite").read_bytes() == b"earlier"


def test_word_numbers_and_a_second_input_are_quantized(decant, tmp_path):
    write_network(tmp_path / "words.onnx", WORDS, vectors=(16, 8), weight=(8, 3))
    generator = np.random.default_rng(0)
    np.savez(
        tmp_path / "samples.npz",
        words=generator.integers(0, 16, (12, 5)),  # int64, as NumPy makes them
        mask=np.ones((12, 5, 1)),  # double
    )
    out = tmp_path / "out"
    ended = decant(
        "quantize",
        tmp_path / "words.onnx",
        "--calibration",
        tmp_path / "samples.npz",
        "-o",
        out,
        "--no-plan",
    )
    assert ended.code == 0, ended.err
    report = QuantizeReport.model_validate(read_json(out / "quantize.json"))
    assert report.failures == {}
    static = named(report, "static_int8")
    assert [(info.name, info.dtype) for info in static.inputs] == [
        ("words", "int32"),
        ("mask", "float32"),
    ]
    assert static.snr_db["scores"] > 30


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"picture": np.ones((4, 3, 8, 12))}, "holds 'picture', but the model's inputs are"),
        ({"image": np.ones((4, 8, 12, 3))}, "has shape [4, 8, 12, 3], but the model takes"),
        ({"image": np.full((4, 3, 8, 12), np.nan)}, "values that are NaN or infinite"),
        ({"image": np.full((4, 3, 8, 12), 1e300)}, "values that are NaN or infinite as float32"),
        ({"image": np.full((4, 3, 8, 12), "a")}, "has element type <U1, but the model takes"),
        ({"image": np.full((4, 3, 8, 12), None)}, "cannot be read as input arrays"),
        ({"image": np.ones((0, 3, 8, 12))}, "is empty (shape [0, 3, 8, 12])"),
    ],
    ids=["name", "layout", "nan", "too-large", "text", "objects", "empty"],
)
def test_bad_calibration_data_leaves_earlier_files(decant, pictures, tmp_path, arrays, message):
    np.savez(tmp_path / "bad.npz", **arrays)
    source = pictures / ("net.onnx" if "picture" in arrays else "out/model_fp32.tflite")
    out = tmp_path / "out"
    out.mkdir()
    (out / "model_int8.tflite").write_bytes(b"earlier")
    ended = decant("quantize", source, "--calibration", tmp_path / "bad.npz", "-o", out)
    assert ended.code == 5
    assert message in ended.err
    assert ended.err.count("error:") == 1
    assert "Traceback" not in ended.err
    assert [path.name for path in out.iterdir()] == ["model_int8.tflite"]
    assert (out / "model_int8.tflite").read_bytes() == b"earlier"


def test_spec_says_which_candidates_are_made(decant, project, tmp_path):
    spec = project / "model.toml"
    spec.write_text(f'{spec.read_text()}\n[quantization]\nrecipes = ["float16"]\n')
    ended = decant("quantize", "model.toml", "-o", tmp_path / "out")
    assert ended.code == 0, ended.err
    assert list(next(iter(table(ended.out).values()))) == ["float16"]
    made = {path.name for path in (tmp_path / "out").glob("model_*.tflite")}
    assert made == {"model_fp32.tflite", "model_fp16.tflite"}


def test_spec_with_a_recipe_file_makes_its_files(decant, built):
    release = built / "build" / "bright"
    before = (release / "model_int8.tflite").read_bytes()
    document = read_json(release / "recipe.json")
    document["recipes"] = [each for each in document["recipes"] if each["name"] == "static_int8"]
    (built / "recipe.json").write_text(json.dumps(document))
    spec = built / "model.toml"
    spec.write_text(f'{spec.read_text()}\n[quantization]\nrecipe = "recipe.json"\n')
    ended = decant("tflite", "model.toml")
    assert ended.code == 0, ended.err
    assert "quantize  done" in ended.err
    assert (release / "model_int8.tflite").read_bytes() == before
    assert not (release / "model_fp16.tflite").exists()


@pytest.mark.parametrize("command", ["tflite", "quantize"])
def test_spec_with_a_missing_recipe_file_is_told(decant, project, command):
    spec = project / "model.toml"
    spec.write_text(f'{spec.read_text()}\n[quantization]\nrecipe = "missing.json"\n')
    ended = decant(command, "model.toml", "-o", "out")
    assert ended.code == 5
    assert "missing.json" in ended.err
    assert "Traceback" not in ended.err


class TerminalStream(io.StringIO):
    """Keeps what is written to a terminal 80 columns wide."""

    def __init__(self):
        super().__init__()
        self._ends = os.openpty()
        termios.tcsetwinsize(self._ends[1], (24, 80))

    def isatty(self):
        return True

    def fileno(self):
        return self._ends[1]


@pytest.mark.parametrize("stream", [TerminalStream, io.StringIO], ids=["terminal", "pipe"])
def test_long_names_stay_whole(pictures, stream):
    """On 80 columns they are folded, in a pipe they keep to their line."""
    document = read_json(pictures / "out" / "quantize.json")
    name = "a_rather_long_name_of_an_output_" * 4
    for candidate in document["candidates"]:
        candidate["parts"] = [
            {"output": name, "snr_db": 200.0, "low": 0, "high": 1, "meaning": "good"},
            {"output": "[bold]", "snr_db": -200.0, "low": 0, "high": 0, "meaning": "broken"},
        ]
    report = QuantizeReport.model_validate(document)
    out = stream()
    show_candidates(Terminal(out, out), Quantized(pictures / "out", report))
    lines = Text.from_ansi(out.getvalue()).plain.splitlines()[1:]
    lines = lines[: next(at for at, line in enumerate(lines) if "[bold]" in line)]
    whole = [line for line in lines if name in line]
    if stream is io.StringIO:
        assert whole[0].split()[1:] == ["exact", "good"] * 3
    else:
        assert max(map(len, lines)) <= 80
        assert "".join(line.split()[0] for line in lines[1:]).startswith(name)
    assert "[bold]" in out.getvalue()
    assert "noise alone broken" in out.getvalue()


def test_what_is_unfit_is_marked_with_what_it_lost(pictures):
    document = read_json(pictures / "out" / "quantize.json")
    for at, candidate in enumerate(document["candidates"]):
        candidate["parts"] = [part.model_dump() for part in (LOST if at else LOST[:1])]
        candidate["fit"] = not at
    out = io.StringIO()
    report = QuantizeReport.model_validate(document)
    show_candidates(Terminal(out, out), Quantized(pictures / "out", report))
    lines = out.getvalue().splitlines()
    ends = [line.endswith("; unfit") for line in lines if line.startswith(str(pictures / "out"))]
    assert ends == [False, True, True]
    figures = "-0.1 dB, broken, 1 distinct value where the float file has 5,120"
    assert f"dynamic_int8: output0[:, 4:7, :]: {figures}" in lines


def test_a_candidate_as_onnx_says_how_near_it_is(decant, pictures, tmp_path):
    out = tmp_path / "out"
    source = ("quantize", pictures / "net.onnx", "--recipe", pictures / "out" / "recipe.json")
    samples = ("--calibration", pictures / "samples.npz")
    ended = decant(*source, *samples, "--qdq", "-o", out)
    assert ended.code == 0, ended.err
    report = QuantizeReport.model_validate(read_json(out / "quantize.json"))
    for name in ("static_int8", "dynamic_int8"):
        candidate = named(report, name)
        near = min(candidate.qdq.file_snr_db.values())
        assert near > 25
        assert (
            f"out/{candidate.qdq.file}: {candidate.qdq.size_bytes:,} bytes; ONNX Runtime beside"
            f" LiteRT: {decibels(near)}\n"
        ) in ended.out
        assert (out / candidate.qdq.file).stat().st_size == candidate.qdq.size_bytes
    assert decant(*source, "-o", out).code == 0
    assert not [*out.glob("*.qdq.onnx")]  # an earlier run's are no longer those of the candidates


def test_a_file_of_several_signatures_has_no_onnx_form(decant, tmp_path):
    graph = empty_graph((1, 4))
    y = graph.add_tensor("y", (1, 4))
    graph.subgraph.operators = [graph.operator("RELU", graph.inputs, y)]
    graph.subgraph.outputs = [y]
    graph.ensure_signature()
    both = united({"small": graph, "large": Graph.from_bytes(graph.to_bytes())})
    (tmp_path / "net.tflite").write_bytes(both.to_bytes())
    ended = decant("quantize", tmp_path / "net.tflite", "--qdq", "-o", tmp_path / "out")
    assert ended.code == 2
    assert "net.tflite has 2 signatures, and an ONNX file has one; give the file of" in ended.err
    assert not (tmp_path / "out").exists()


def test_both_forms_of_a_candidate_are_judged_on_the_test_set(built):
    made = built / "build" / "bright"
    recipes = load_recipes(made / "recipe.json")
    quantize(made / "model_fp32.tflite", built / "out", recipes=recipes, qdq=True)
    compared = compare_onnx_form("model.toml", "out")
    before, after = (compared[each] for each in ("LiteRT", "ONNX Runtime"))
    assert before.accuracy
    for metric, figure in before.accuracy.items():
        assert after.accuracy[metric].value == pytest.approx(figure.value, abs=0.05)
        assert after.drop[metric].value == pytest.approx(
            figure.value - after.accuracy[metric].value
        )


def test_a_candidate_without_a_form_is_not_judged(pictures):
    with pytest.raises(DataError) as raised:
        compare_onnx_form("model.toml", pictures / "out")
    assert str(raised.value) == (
        f"{pictures / 'out'}: has no ONNX form of static_int8; run decant quantize --qdq -o"
        f" {pictures / 'out'}"
    )
