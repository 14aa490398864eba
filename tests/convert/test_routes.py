"""Other converters: what becomes of a model in their hands, whatever they do with it."""

import json
import os
import shutil
import time
from pathlib import Path

import numpy as np
import onnx
import pytest
from pretended_routes import (
    PYTHON,
    copying,
    network,
    pretended_environment,
    pretended_route,
    softmax,
)
from tiny_graph import of_one

from decant.convert.routes import (
    ROUTES,
    Environment,
    Limits,
    NoEnvironment,
    attempt,
    chosen,
    forms_of,
    reference_of,
)
from decant.convert.routes.environment import MARKER, PINS, environments_folder
from decant.convert.routes.matching import match
from decant.convert.routes.route import WORKERS
from decant.errors import UsageError

LIMITS = Limits(time_s=120.0)
TOLERANCE = 1e-4


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A model, and what other converters might have made of it."""
    folder = tmp_path_factory.mktemp("files")
    made = {
        "right": softmax((1, 8, 12, 3)),
        "channels first": of_one("RELU", (1, 3, 8, 12), (1, 3, 8, 12)).to_bytes(),
        "wrong": of_one("RELU", (1, 8, 12, 3), (1, 8, 12, 3)).to_bytes(),
        "of another size": softmax((1, 8, 10, 3)),
        "broken": softmax((1, 8, 12, 3))[:300],
    }
    for name, content in made.items():
        (folder / name).write_bytes(content)
    return {"model": network(folder / "net.onnx"), **{name: folder / name for name in made}}


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    with pretended_environment(tmp_path_factory.mktemp("cache")) as environment:
        yield environment


@pytest.fixture(scope="module")
def reference(files):
    return reference_of(files["model"], shapes={}, inputs=None, tolerance=TOLERANCE)


@pytest.fixture
def tried(files, environment, reference, tmp_path):
    """Let a route with a worker of one line try the model."""

    def tried(line, limits=LIMITS, takes=".onnx", environment=environment):
        route = pretended_route("pretended", environment, line, tmp_path, takes)
        forms = forms_of(files["model"], reference, tmp_path)
        return attempt(route, forms, reference, tmp_path / "made.tflite", limits)

    return tried


def test_a_right_file_is_verified(tried, files):
    found = tried(copying(files["right"]))
    assert found.outcome == "verified"
    assert found.parity[0].max_relative < TOLERANCE
    assert found.operators == {"SOFTMAX": 1}
    assert found.size_bytes == files["right"].stat().st_size
    assert [info.layout for info in (*found.inputs, *found.outputs)] == ["nhwc", "nhwc"]
    assert found.notes == (
        "input image is its x, NHWC [1, 8, 12, 3]",
        "output answer is its y, NHWC [1, 8, 12, 3]",
    )


@pytest.mark.parametrize("name", ["wrong", "channels first"])
def test_wrong_answers_differ(tried, files, name):
    found = tried(copying(files[name]))
    assert found.outcome == "differs"
    assert found.parity[0].max_relative > 0.1
    assert found.reason.startswith("answer: relative error")


def test_a_file_that_takes_something_else_does_not_run(tried, files):
    found = tried(copying(files["of another size"]))
    assert found.outcome == "not run"
    assert found.reason == (
        "no input of its file can be image [1, 3, 8, 12] (it has x [1, 8, 10, 3])"
    )


def test_a_broken_file_does_not_run(tried, files):
    found = tried(copying(files["broken"]))
    assert found.outcome == "not run"
    assert found.size_bytes == 300


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("os.abort()", "its process was killed by SIGABRT"),
        ("sys.exit(3)", "its process ended with exit code 3"),
        ("raise NotImplementedError('Einsum\\nof three')", "NotImplementedError: Einsum of three"),
        ("bytearray(2**34)", "wants more than 12 GB of memory"),
        ("pass", "ended well, and wrote no file"),
    ],
    ids=["crash", "exit", "exception", "memory", "nothing"],
)
def test_what_a_route_does_becomes_a_reason(tried, line, reason):
    found = tried(line)
    assert found.outcome == "not converted"
    assert found.reason.startswith(reason)
    assert found.parity == ()


def test_the_last_words_of_a_crash_are_kept(tried):
    found = tried("print('last words', flush=True); os.abort()")
    assert "last words" in found.log


def is_running(process):
    try:
        return ") Z " not in Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False


def test_a_route_that_hangs_is_stopped_with_its_children(tried, tmp_path):
    child = tmp_path / "child"
    line = (
        "import subprocess; p = subprocess.Popen(['sleep', '600']); "
        f"open({str(child)!r}, 'w').write(str(p.pid)); p.wait()"
    )
    found = tried(line, limits=Limits(time_s=5.0))
    assert found.outcome == "not converted"
    assert found.reason == "its process was stopped after 5 s"
    end = time.monotonic() + 60
    while is_running(int(child.read_text())):
        assert time.monotonic() < end, "the child of the route goes on"
        time.sleep(0.05)


def test_a_route_for_pytorch_says_that_it_takes_no_onnx_file(tried):
    found = tried("os.abort()", takes=".pt2")
    assert found.outcome == "not converted"
    assert found.reason == (
        "takes a PyTorch model (.pt2), and net.onnx is none; "
        "export the network with torch.export.save"
    )


def test_a_route_without_an_environment_is_not_tried(tried, environment):
    found = tried("os.abort()", environment=Environment("old", environment.pins, ("2.0",)))
    assert found.outcome == "no environment"
    assert found.reason.startswith("old: its environment wants Python 2.0, and none is found;")
    assert "pyenv install 2.0" in found.reason


def test_axes_in_either_order_are_those_with_which_the_answers_agree(tmp_path):
    path, file = network(tmp_path / "cube.onnx", "1, 4, 4, 4"), tmp_path / "cube.tflite"
    file.write_bytes(softmax((1, 4, 4, 4)))
    reference = reference_of(path, shapes={}, inputs=None, tolerance=TOLERANCE)
    found = match(file, reference.samples, reference.outputs, reference.expected.answers)
    assert [info.layout for info in (*found.inputs, *found.outputs)] == ["nhwc", "nhwc"]
    assert reference.parity("pretended", found.answers)[0].passed


def test_sizes_that_end_onnx_runtime_are_not_those_of_the_samples(tmp_path):
    """Of fewer than 101 columns none is left, and a Scan of none ends ONNX Runtime's process."""
    proto = onnx.parser.parse_model(
        """<ir_version: 8, opset_import: ["": 17]> g (float[n,m] x, float[n] first)
            => (float[n] last) <int64[1] from = {100}, int64[1] to = {9999}, int64[1] axis = {1}> {
            cut = Slice(x, from, to, axis)
            last = Scan<num_scan_inputs = 1, scan_input_axes = [1], body =
                b (float[n] before, float[n] column) => (float[n] next)
                { next = Add(before, column) }>(first, cut)
        }"""
    )
    onnx.save(proto, tmp_path / "scan.onnx")
    reference = reference_of(tmp_path / "scan.onnx", shapes={}, inputs=None, tolerance=TOLERANCE)
    assert reference.samples[0]["x"].shape[1] > 100


def test_what_onnx_runtime_cannot_run_is_held_against_onnxs_own_evaluator(tmp_path):
    """A recurrent layer with the batch first."""
    text = """<ir_version: 10, opset_import: ["": 18]> g (float[2,5,2] x) => (float[2,5,1,1] y)
        <float[1,1,2] w = {0.5, -0.7}, float[1,1,1] r = {0.3}>
        { y = RNN<hidden_size = 1, layout = 1>(x, w, r) }"""
    onnx.save(onnx.parser.parse_model(text), tmp_path / "rnn.onnx")
    reference = reference_of(tmp_path / "rnn.onnx", shapes={}, inputs=None, tolerance=TOLERANCE)
    x, ((y,), *_) = reference.samples[0]["x"], reference.expected.answers
    first = np.tanh(x[:, 0] @ [0.5, -0.7])
    np.testing.assert_allclose(y[:, 0, 0, 0], first, rtol=1e-6)
    np.testing.assert_allclose(
        y[:, 1, 0, 0], np.tanh(x[:, 1] @ [0.5, -0.7] + 0.3 * first), rtol=1e-6
    )


def test_what_nobody_can_run_is_not_raced(tmp_path):
    text = """<ir_version: 10, opset_import: ["": 18, "mine": 1]>
        g (float[2,3] x) => (float[2,3] y) { y = mine.Twirl(x) }"""
    onnx.save(onnx.parser.parse_model(text), tmp_path / "own.onnx")
    message = "nothing to be held against: ONNX Runtime does not know mine::Twirl, and ONNX's own"
    with pytest.raises(UsageError, match=message):
        reference_of(tmp_path / "own.onnx", shapes={}, inputs=None, tolerance=TOLERANCE)


def test_a_free_batch_is_one_as_in_decants_own_file(tmp_path):
    path = network(tmp_path / "batch.onnx", "n, 3, 8, 12")
    reference = reference_of(path, shapes={}, inputs=None, tolerance=TOLERANCE)
    assert {sample["image"].shape for sample in reference.samples} == {(1, 3, 8, 12)}


def test_free_sizes_are_fixed_for_other_routes(tmp_path):
    path = network(tmp_path / "free.onnx", "n, 3, 8, w")
    reference = reference_of(path, shapes={}, inputs=None, tolerance=TOLERANCE)
    (tmp_path / "sized").mkdir()
    forms = forms_of(path, reference, tmp_path / "sized")
    dims = onnx.load(forms.onnx).graph.input[0].type.tensor_type.shape.dim
    assert tuple(dim.dim_value for dim in dims) == reference.samples[0]["image"].shape
    assert {sample["image"].shape for sample in reference.samples} == {
        reference.samples[0]["image"].shape
    }


def test_a_half_made_environment_is_made_again_and_a_whole_one_is_not(environment):
    python = environment.python()
    marker = python.parents[1] / MARKER
    made = marker.stat().st_mtime_ns
    assert environment.python() == python
    assert marker.stat().st_mtime_ns == made
    marker.unlink()
    stray = python.parents[1] / "stray"
    stray.write_text("")
    assert environment.python() == python
    assert json.loads(marker.read_text()).keys() == {"pins"}
    assert not stray.exists()


def test_other_pins_make_another_environment(environment, tmp_path):
    pins = tmp_path / "pins.txt"
    pins.write_text("# others\n")
    other = Environment(environment.name, pins, ("2.0",))
    with pytest.raises(NoEnvironment):
        other.python()
    assert not [each for each in environments_folder().iterdir() if "others" in each.name]


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"PIP_NO_INDEX": "1"}, "see pip's own words"),
        ({"PIP_INDEX_URL": "http://127.0.0.1:9/simple"}, "the package index cannot be reached"),
    ],
    ids=["not there", "offline"],
)
def test_packages_that_cannot_be_installed_are_told(
    environment, tmp_path, monkeypatch, variables, said
):
    pins = tmp_path / "pins.txt"
    pins.write_text("decant-pretended-package==1.0\n")
    none = {"PIP_RETRIES": "1", "PIP_CONFIG_FILE": os.devnull, "PIP_FIND_LINKS": ""}
    for name, value in {**none, **variables}.items():
        monkeypatch.setenv(name, value)
    unmade = Environment("unmade", pins, (PYTHON,))
    with pytest.raises(NoEnvironment, match=said) as caught:
        unmade.python()
    assert str(caught.value).startswith("unmade: its environment cannot be made (")
    assert "  | ERROR: No matching distribution found for decant-pretended-package" in str(
        caught.value
    )
    (folder,) = environments_folder().glob("unmade-*")
    assert not (folder / MARKER).exists()
    shutil.rmtree(folder)


def test_a_cache_folder_that_cannot_be_written_is_told(environment, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(NoEnvironment, match="another cache folder in the variable XDG_CACHE_HOME"):
        environment.python()


def test_a_cache_folder_that_is_not_absolute_is_ignored(monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "here")
    monkeypatch.setenv("HOME", "/home/someone")
    assert str(environments_folder()) == "/home/someone/.cache/decant/environments"


def test_routes_are_found_by_name():
    assert chosen(["all"]) == tuple(ROUTES.values())
    assert [route.name for route in chosen(["onnx-tf", "onnx2tf", "onnx-tf"])] == [
        "onnx-tf",
        "onnx2tf",
    ]
    with pytest.raises(UsageError, match=r'no such route; .*; did you mean "onnx2tf"'):
        chosen(["onnx2tff"])


@pytest.mark.parametrize("name", ROUTES)
def test_every_package_of_a_route_is_pinned(name):
    route = ROUTES[name]
    lines = route.environment.pins.read_text().split()
    assert lines
    assert all("==" in line for line in lines)
    assert "def work(source: str, target: str)" in route.worker.read_text()


def test_pins_and_workers_belong_together():
    pins = {path.stem for path in PINS.glob("*.txt")}
    assert pins == {path.stem for path in WORKERS.glob("*.py")}
