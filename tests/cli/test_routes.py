"""A race of converters: what is measured, kept and shown, whatever one of them does."""

import io
import json

import onnx
import pytest
from pretended_routes import (
    copying,
    network,
    pretended_environment,
    pretended_route,
    softmax,
)
from tiny_graph import of_one

from decant.cli.routes import show_routes
from decant.cli.terminal import Terminal
from decant.convert import ConvertReport
from decant.convert.routes import Limits
from decant.flatbuffer import Graph
from decant.parity import Parity
from decant.pipeline import single_steps
from decant.pipeline.documents.routes import RoutesReport
from decant.pipeline.routes import Own, Race, forget_earlier, race
from decant.runtime import LiteRtModel
from decant.tensors import TensorInfo

SHAPE = (1, 8, 12, 3)
PAIRS = 200
"""Of operators that undo each other: decant's pretended file is clearly the slowest."""
TOLERANCE = 1e-4
LIMITS = Limits(time_s=120.0)


def slow_softmax():
    graph = Graph.from_bytes(softmax(SHAPE))
    last = graph.outputs[0]
    for at in range(2 * PAIRS):
        made = graph.add_tensor(f"negative{at}", SHAPE)
        graph.operators.append(graph.operator("NEG", [last], made))
        last = made
    graph.subgraph.outputs = [last]
    return graph.to_bytes()


@pytest.fixture(scope="module")
def converted(tmp_path_factory):
    """The report of a conversion, and its folder."""
    folder = tmp_path_factory.mktemp("converted")
    (folder / "model_fp32.tflite").write_bytes(slow_softmax())
    x, y = (
        TensorInfo(name=name, shape=SHAPE, dtype="float32", layout="nhwc")
        for name in ("x", f"negative{2 * PAIRS - 1}")
    )
    zero = Parity(
        hop="onnx → tflite",
        output="answer",
        max_relative=0.0,
        rms_relative=0.0,
        spread=1.0,
        tolerance=TOLERANCE,
    )
    return ConvertReport(
        onnx=network(folder / "net.onnx"),
        saved_model=folder,
        tflite=folder / "model_fp32.tflite",
        trace=folder,
        inputs=(x,),
        outputs=(y,),
        parity=(zero,),
        rewrites=(),
        op_histogram={"SOFTMAX": 1, "NEG": 2 * PAIRS},
        traced=1.0,
        samples="3 random samples",
        warnings=(),
    )


@pytest.fixture(scope="module")
def out(converted):
    return converted.tflite.parent


@pytest.fixture(scope="module")
def raced(converted, out, tmp_path_factory):
    """A race of which one ends well; the oldest runtime cannot be had."""
    folder = tmp_path_factory.mktemp("race")
    for name, kind in {"right": "SOFTMAX", "wrong": "RELU"}.items():
        content = softmax(SHAPE) if kind == "SOFTMAX" else of_one(kind, SHAPE, SHAPE).to_bytes()
        (folder / name).write_bytes(content)
    with pretended_environment(tmp_path_factory.mktemp("cache")) as environment:
        routes = [
            pretended_route("crashing", environment, "os.abort()", folder),
            pretended_route("wrong", environment, copying(folder / "wrong"), folder),
            pretended_route("right", environment, copying(folder / "right"), folder),
        ]
        entrants = Race(routes, LIMITS, keep="best", oldest=False)
        return race(entrants, Own.of(converted), out, source=converted.onnx, inputs=None)


def test_every_route_has_a_row_whatever_another_did(raced):
    found = {each.route: each.outcome for each in raced.files}
    assert list(found.items()) == [
        ("decant", "verified"),
        ("crashing", "not converted"),
        ("wrong", "differs"),
        ("right", "verified"),
    ]


def test_verified_files_are_timed_against_decants_own(raced):
    times = {each.route: each.latency for each in raced.files}
    assert times["decant"].ratio_to_reference == 1.0
    assert times["right"].ratio_to_reference < 0.9
    assert times["wrong"] is times["crashing"] is None


def test_the_fastest_verified_file_is_kept_and_can_be_run_in_onnx_order(raced, out):
    assert (raced.best, raced.kept) == ("right", "model_best.tflite")
    model = LiteRtModel(out / raced.kept)
    assert [info.layout for info in (*model.inputs, *model.outputs)] == ["nhwc", "nhwc"]
    assert model.sample()["x"].shape == (1, 3, 8, 12)


def test_the_report_is_written_beside_the_conversion(raced, out):
    written = json.loads((out / "routes.json").read_text())
    assert RoutesReport.model_validate(written) == raced


@pytest.mark.parametrize(
    ("again", "left"),
    [
        (lambda raced: raced, {"routes.json", "model_best.tflite"}),
        (lambda raced: raced.model_copy(update={"kept": "model_fp32.tflite"}), {"routes.json"}),
        (lambda raced: None, set()),
    ],
    ids=["another is best", "decant is best", "no race"],
)
def test_a_conversion_leaves_nothing_of_an_earlier_race(raced, tmp_path, again, left):
    for name in ("routes.json", "model_best.tflite"):
        (tmp_path / name).write_text("")
    forget_earlier(tmp_path, again(raced))
    assert {path.name for path in tmp_path.iterdir()} == left


def test_the_table_has_a_row_per_route_and_reasons_below(raced):
    shown = io.StringIO()
    show_routes(Terminal(shown, io.StringIO()), raced)
    heading, *rows = shown.getvalue().splitlines()
    assert heading.split() == [
        *("route", "outcome", "parity", "ops", "transposes", "size", "1", "thread", "×")
    ]
    assert [row.split()[0] for row in rows[:4]] == ["decant", "crashing", "wrong", "→"]
    assert rows[3].split()[1:3] == ["right", "verified"]
    assert "crashing: its process was killed by SIGABRT" in rows
    assert any(row.startswith("wrong: answer: relative error") for row in rows)
    assert any("×: time over that of decant's file" in row for row in rows)
    assert rows[-1] == "run by tflite-runtime 2.14.0: not tried"


def test_a_runtime_that_cannot_be_had_is_told(converted, out, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    raced = race(Race([], LIMITS), Own.of(converted), out, source=converted.onnx, inputs=None)
    (own,) = raced.files
    assert own.runs_in_oldest is None
    assert "XDG_CACHE_HOME" in own.oldest_reason
    assert (raced.best, raced.kept) == ("decant", "model_fp32.tflite")


def test_to_keep_the_best_of_a_race_wants_a_race(decant, tmp_path):
    ended = decant("convert", network(tmp_path / "net.onnx"), "--keep", "best")
    assert ended.code == 2
    assert "--keep best is for a race; add --routes all" in ended.err


def refused_network(path):
    """Write the same network by way of a sequence, which decant refuses without a rewrite."""
    model = onnx.parser.parse_model("""<ir_version: 10, opset_import: ["" : 21]>
        net (float[1, 3, 8, 12] image) => (float[1, 3, 8, 12] answer) {
            parts = SequenceConstruct (image)
            whole = ConcatFromSequence <axis = 0> (parts)
            answer = Softmax <axis = 1> (whole)
        }""")
    onnx.save(model, path)
    return path


@pytest.fixture
def converters(tmp_path, monkeypatch):
    """Converters that race when a test says so: one whose file is right, one that crashes."""
    (tmp_path / "right").write_bytes(softmax(SHAPE))
    with pretended_environment(tmp_path) as environment:
        lines = {"right": copying(tmp_path / "right"), "crashing": "os.abort()"}
        routes = {
            name: pretended_route(name, environment, line, tmp_path) for name, line in lines.items()
        }

        def entrants_of(names, keep):
            return Race([routes[name] for name in names], LIMITS, keep, oldest=False)

        monkeypatch.setattr(single_steps, "entrants_of", entrants_of)
        yield


@pytest.fixture
def refused(decant, tmp_path, converters):
    """A conversion that decant refuses, beside others."""
    path = refused_network(tmp_path / "net.onnx")

    def convert(*others):
        without = ("--without", "concat_from_sequence")
        return decant("convert", path, "-o", tmp_path / "out", *without, *others)

    return convert


def test_what_decant_refuses_others_try_too(refused, tmp_path):
    ended = refused("--routes", "right", "--routes", "crashing")
    assert ended.code == 3
    assert "SequenceConstruct" in ended.err
    assert "right: verified: its file is left with --keep best" in ended.err
    assert "crashing: not converted: its process was killed by SIGABRT" in ended.err
    assert not (tmp_path / "out").exists()


def test_the_best_file_of_others_is_kept_where_decant_refuses(refused, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "model_fp32.tflite").write_text("of an earlier conversion")
    (out / "notes.txt").write_text("the user's own")
    ended = refused("--routes", "right", "--routes", "crashing", "--keep", "best")
    assert ended.code == 0, ended.err
    assert "SequenceConstruct" in ended.out
    assert "×: time over that of right's file" in ended.out
    assert {path.name for path in out.iterdir()} == {
        *("model_best.tflite", "routes.json", "notes.txt")
    }
    raced = RoutesReport.model_validate_json((out / "routes.json").read_text())
    assert [each.outcome for each in raced.files] == ["not converted", "verified", "not converted"]
    assert (raced.best, raced.kept) == ("right", "model_best.tflite")
    assert LiteRtModel(out / "model_best.tflite").sample()["x"].shape == (1, 3, 8, 12)


def test_the_file_that_decant_refuses_stays_where_it_is(decant, converters, tmp_path):
    """It may be called as what decant exports, and lie where that is written."""
    path = refused_network(tmp_path / "model.onnx")
    content = path.read_bytes()
    others = ("--without", "concat_from_sequence", "--routes", "right", "--keep", "best")
    ended = decant("convert", path, "-o", tmp_path, *others)
    assert ended.code == 0, ended.err
    assert (tmp_path / "model_best.tflite").exists()
    assert path.read_bytes() == content


def test_a_refusal_stays_one_where_nobody_can(refused, tmp_path):
    ended = refused("--routes", "crashing", "--keep", "best")
    assert ended.code == 3
    assert "crashing: not converted" in ended.err
    assert not (tmp_path / "out").exists()
