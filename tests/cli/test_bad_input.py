"""Bad input: one clear message, its exit code, and earlier results as they were."""

import io
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper
from processes import everything_in, run_decant, start_decant


def published(project):
    return everything_in(project / "build" / "bright")


def assert_refused(ended, code, *parts):
    """One message, on standard error alone, without a traceback."""
    assert ended.code == code, ended.err
    assert ended.out == ""
    assert ended.err.count("error:") == 1
    assert "Traceback" not in ended.err
    for part in parts:
        assert part in ended.err


def change_spec(project, old, new):
    spec = project / "model.toml"
    text = spec.read_text()
    assert old in text
    spec.write_text(text.replace(old, new))


@pytest.fixture
def net(tmp_path):
    """An ONNX file: y = relu(x), x of 1 × 3 × 4 × 5."""
    shape = [1, 3, 4, 5]
    graph = helper.make_graph(
        [helper.make_node("Relu", ["x"], ["y"])],
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)],
    )
    path = tmp_path / "net.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)]), path)
    return path


# A missing, truncated or non-ONNX file


@pytest.mark.parametrize("fault", ["missing", "empty", "truncated", "not ONNX"])
def test_unusable_model_file(decant, net, tmp_path, fault):
    whole = net.read_bytes()
    contents = {"empty": b"", "truncated": whole[: len(whole) // 2], "not ONNX": b"PK\x03\x04 zip"}
    if fault == "missing":
        net.unlink()
    else:
        net.write_bytes(contents[fault])
    out = tmp_path / "out"
    out.mkdir()
    (out / "model_fp32.tflite").write_bytes(b"earlier")
    assert_refused(decant("convert", net, "-o", out), 5, "net.onnx")
    assert everything_in(out) == {Path("model_fp32.tflite"): b"earlier"}


def test_unusable_tflite_file(decant, tmp_path):
    (tmp_path / "net.tflite").write_bytes(b"TFL3 but no more")
    assert_refused(decant("bench", tmp_path / "net.tflite"), 5, "net.tflite")


# A spec with an unknown key, a wrong type or a missing field


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[task]\nkind", "[task]\nmetrik = 1\nkind", 'unknown key; did you mean "metric"?'),
        ("max_drop = 0.2", 'max_drop = "much"', 'requirements.max_drop = "much"'),
        ('factory = "net.py:build"', "", "model: factory: missing"),
        ("[model]", "[model", "not a TOML file"),
        ('["dark", "light"]', "[]", "task.labels = []: The list should have at least 1"),
        ("[1, 3, 32, 48]", "[1, 3, -32, 48]", "has a size below 1"),
        ("[0.5, 0.5, 0.5]", "[0.5]", "mean = [0.5] needs 3 numbers, one per channel"),
        ("std = [1, 1, 1]", "std = [1, 0, 1]", "std = [1.0, 0.0, 1.0] must be above 0"),
        ("max_drop = 0.2", "latency = [{ threads = 2 }]", "requirements.latency.0: limits nothing"),
        ("[requirements]", "[quantization]\nrecipes = []\n[requirements]", "quantization.recipes"),
        ("net.py:build", "net.py:biuld", 'net.py has no "biuld"; did you mean "build"?'),
        ("net.py:build", "nett.py:build", 'nett.py: no such file; did you mean "'),
        ("net.py:build", "no_such_package.net:build", 'there is no module "no_such_package"'),
        ("[input]", "arguments = { widht = 3 }\n[input]", "unexpected keyword argument 'widht'"),
        ('"folder", path = "test"', '"coco", annotations = "a", images = "b"', "data.test.annot"),
    ],
    ids=[
        *("unknown key", "wrong type", "missing field", "not TOML", "no labels", "negative size"),
        *("short mean", "std 0", "limit without a figure", "no recipes", "function", "file"),
        *("module", "argument", "data of another kind"),
    ],
)
def test_unusable_spec(decant, built, old, new, message):
    before = published(built)
    change_spec(built, old, new)
    # Labels that are not there are the data's fault; all else is the spec's.
    code = 5 if "annotations" in new else 2
    assert_refused(decant("tflite", "model.toml"), code, message)
    assert published(built) == before


def test_missing_spec(decant, project):
    assert_refused(
        decant("tflite", "modell.toml"), 5, 'modell.toml: no such file; did you mean "model.toml"?'
    )


# Code of the user's that fails


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("import torch\n", "import torch, no_such_thing\n", 'install "no_such_thing"'),
        ("import torch\n", "import torch\n{}['gone']\n", "raised KeyError: 'gone' ("),
        ("import torch\n", "import torch\nx = (\n", "raised SyntaxError: '(' was never closed ("),
        ("import torch\n", "import sys, torch\nsys.exit(3)\n", "raised SystemExit: 3 ("),
        ("torch.manual_seed(0)", "raise RuntimeError('no GPU')", "RuntimeError: no GPU ("),
        ("return net.eval()", "return 3", "returned a int; return a torch.nn.Module"),
    ],
    ids=["dependency", "import", "syntax", "exit", "factory", "no module"],
)
def test_factory_that_fails(decant, built, old, new, message):
    before = published(built)
    network = built / "net.py"
    text = network.read_text()
    assert old in text
    network.write_text(text.replace(old, new))
    where = () if "int" in message else ("net.py:",)
    assert_refused(decant("tflite", "model.toml"), 2, message, "net.py:build", *where)
    assert published(built) == before


GENERATOR = """
from types import SimpleNamespace

import numpy as np


def pages(split, start, count):
    for index in range(start, start + count):
        if split == "raises":
            {}['gone']
        if split == "exits":
            raise SystemExit
        if split == "ends early":
            return
        yield SimpleNamespace(image=np.full((40, 60, 3), 90, np.uint8), label="dark")
"""


def test_generator_that_fails(decant, built):
    (built / "pages.py").write_text(GENERATOR)
    old = '{ kind = "folder", path = "test" }'
    before = published(built)
    for split, code, message in (
        ("raises", 2, "raised KeyError: 'gone' ("),
        ("exits", 2, "raised SystemExit ("),
        ("ends early", 5, "the generator yields 0 samples for start = 0, count = 1"),
    ):
        new = f'{{ kind = "generated", factory = "pages.py:pages", split = "{split}", count = 3 }}'
        change_spec(built, old, new)
        assert_refused(decant("tflite", "model.toml"), code, message, "pages.py")
        assert published(built) == before
        old = new


# A checkpoint that does not fit or cannot be read


def bytes_of(state):
    buffer = io.BytesIO()
    torch.save(state, buffer)
    return buffer.getvalue()


WEIGHTS = {"features.0.weight": torch.zeros(9, 3, 3, 3)}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, 'model.checkpoint = "net.pt": there is no '),
        (bytes_of(WEIGHTS), "features.0.weight: [9, 3, 3, 3] in the file, [8, 3, 3, 3] needed"),
        (bytes_of(WEIGHTS), "head.weight: missing in the file"),
        (bytes_of(torch.nn.ReLU()), "code in a checkpoint is never run; save model.state_dict()"),
        (bytes_of(WEIGHTS)[:900], "not a whole checkpoint"),
        (b"hello", "net.pt: not a"),
        (b"", "net.pt: is empty"),
    ],
    ids=["missing", "shape", "tensor missing", "code", "truncated", "text", "empty"],
)
def test_unusable_checkpoint(decant, built, content, message):
    before = published(built)
    if content is not None:
        (built / "net.pt").write_bytes(content)
    change_spec(built, "[model]\n", '[model]\ncheckpoint = "net.pt"\n')
    assert_refused(decant("tflite", "model.toml"), 5, message, "net.pt")
    assert published(built) == before


def test_checkpoint_with_nan(decant, built):
    code = "from net import build; import torch; torch.save(build().state_dict(), 'net.pt')"
    subprocess.run([sys.executable, "-c", code], cwd=built, check=True)
    state = torch.load(built / "net.pt", weights_only=True)
    state["head.weight"][0, 0] = float("nan")
    torch.save(state, built / "net.pt")
    change_spec(built, "[model]\n", '[model]\ncheckpoint = "net.pt"\n')
    message = "1 of 6 tensors hold NaN, such as head.weight; give a checkpoint from before"
    assert_refused(decant("tflite", "model.toml"), 5, message, "net.pt")


# A gate that cannot judge


@pytest.mark.parametrize("fault", ["baseline", "spec", "report"])
def test_gate_that_cannot_judge_leaves_no_earlier_answer(decant, built, fault):
    build = built / "build" / "bright"
    assert decant("gate", "model.toml").code == 0
    assert (build / "gate.xml").exists()
    options = ()
    if fault == "baseline":
        (built / "old.json").write_text("{")
        options = ("--baseline", "old.json")
    elif fault == "spec":
        change_spec(built, "max_drop", "max_dorp")
    else:
        (build / "report.json").unlink()
    ended = decant("gate", "model.toml", *options)
    parts = {"baseline": "old.json: not a JSON file", "spec": "max_dorp", "report": "report.json"}
    assert_refused(ended, 2 if fault == "spec" else 5, parts[fault])
    assert not (build / "gate.xml").exists()
    assert not (build / "gate.md").exists()


# An empty or corrupt test set; a label file that does not match its images


def empty(folder):
    shutil.rmtree(folder)
    folder.mkdir()


def corrupt(folder):
    (folder / "dark" / "0.png").write_bytes(b"\x89PNG\r\n\x1a\n cut off")


def stranger(folder):
    (folder / "dark").rename(folder / "darkk")


def copied(folder):
    shutil.copy(folder.parent / "calibration" / "dark" / "0.png", folder / "dark" / "9.png")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (shutil.rmtree, "test"),
        (empty, "test"),
        (corrupt, "0.png"),
        (stranger, "darkk"),
        (copied, "data.calibration and data.test share 1 samples"),
    ],
    ids=["missing", "empty", "corrupt picture", "unknown label", "photo of the calibration set"],
)
def test_unusable_test_set(decant, built, spoil, message):
    before = published(built)
    spoil(built / "test")
    ended = decant("tflite", "model.toml")
    assert ended.code == 5, ended.err
    assert "Traceback" not in ended.err
    assert ended.err.count("error:") == 1
    assert message in ended.err
    assert published(built) == before


@pytest.mark.parametrize("fault", ["picture missing", "no JSON", "other category"])
def test_label_file_that_does_not_match_its_images(decant, project, fault):
    document = {
        "images": [{"id": 1, "file_name": "0.png", "width": 60, "height": 40}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 1, 9, 9]}],
        "categories": [{"id": 1, "name": "thing"}],
    }
    if fault == "picture missing":
        document["images"][0]["file_name"] = "absent.png"
    if fault == "other category":
        document["categories"][0]["name"] = "stranger"
    text = json.dumps(document)
    (project / "labels.json").write_text(text[:-9] if fault == "no JSON" else text)
    source = '{ kind = "coco", annotations = "labels.json", images = "test/dark" }'
    change_spec(project, '{ kind = "folder", path = "test" }', source)
    change_spec(
        project,
        'kind = "classification"\nlabels = ["dark", "light"]',
        'kind = "quad_detection"\nlabels = ["thing"]\n'
        'decode = { kind = "quad_grid", strides = [8] }',
    )
    for part in ("calibration", "validation"):
        change_spec(
            project, f'{{ kind = "folder", path = "{part}" }}', source.replace("test/dark", part)
        )
    assert_refused(decant("tflite", "model.toml"), 5, "labels.json")
    assert not (project / "build" / "bright" / "model.tflite").exists()


# Calibration data of another shape or with NaN


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": np.zeros((4, 3, 5, 4), np.float32)}, "[4, 3, 5, 4]"),
        ({"x": np.full((4, 3, 32, 48), np.nan, np.float32)}, "NaN"),
        ({"y": np.zeros((4, 3, 4, 5), np.float32)}, "'y'"),
        ({"x": np.zeros((0, 3, 4, 5), np.float32)}, "empty"),
        (None, "samples.npz"),
    ],
    ids=["shape", "NaN", "name", "no samples", "no npz"],
)
def test_unusable_calibration_data(decant, built, tmp_path, arrays, message):
    samples = tmp_path / "samples.npz"
    if arrays is None:
        samples.write_bytes(b"no zip")
    else:
        renamed = {"image" if name == "x" else name: array for name, array in arrays.items()}
        np.savez(samples, **renamed)
    out = tmp_path / "out"
    ended = decant(
        "quantize", built / "build/bright/model_fp32.tflite", "--calibration", samples, "-o", out
    )
    assert_refused(ended, 5, message)
    assert not out.exists()


# An output folder that can't be written or a full disk


@pytest.mark.parametrize("out", ["model.toml/below", "/proc/decant/out"])
def test_output_folder_that_cannot_be_written(decant, project, out):
    assert_refused(decant("tflite", "model.toml", "-o", out), 5, out, "cannot be written")


def test_full_disk(built):
    """A limit on the size of files stands for the disk: the system refuses in the same way."""
    before = published(built)
    change_spec(built, "[task]", 'dtype = "uint8"\n[task]')
    limit = 20_000
    ended = run_decant(
        built,
        "tflite",
        "model.toml",
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert ended.returncode == 5, ended.stderr
    assert "Traceback" not in ended.stderr
    assert ended.stderr.count("error:") == 1
    assert "cannot be written" in ended.stderr
    assert published(built) == before


# Ctrl-C in the middle


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("stage", ["convert", "measure"])
def test_interrupt_in_the_middle(built, stage, sent, code):
    before = published(built)
    if stage == "convert":
        change_spec(built, "[task]", 'dtype = "uint8"\n[task]')
    else:
        # Measures again and converts nothing.
        (built / "test" / "dark" / "0.png").unlink()
    process = start_decant(built, "tflite", "model.toml")
    for line in process.stderr:
        if line.startswith(f"{stage} "):
            break
    os.killpg(process.pid, sent)
    rest = process.communicate(timeout=60)[1]
    assert process.returncode == code
    assert "Traceback" not in rest
    assert published(built) == before
    assert not list((built / "build").rglob("*.tmp"))
    assert subprocess.run(["pgrep", "-g", str(process.pid)], capture_output=True).stdout == b""
