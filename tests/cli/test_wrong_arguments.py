"""Whatever is given to whatever command: one message that names it, and what to do next."""

import ctypes
import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from bright_project import write_project
from onnx import TensorProto, helper
from processes import run_decant

from decant.artifacts import sha256

COMMANDS = {
    **{name: (name,) for name in ("tflite", "convert", "lint", "quantize", "train", "distill")},
    **{name: (name,) for name in ("bench", "gate", "report")},
    "demo": ("demo", "--port", "0"),
    "bundle": ("bundle",),
}
# Suffixes that a command works on as they are.
TAKEN = {
    "convert": {".onnx", ".pt2"},
    "lint": {".onnx", ".pt2", ".tflite"},
    "quantize": {".onnx", ".pt2", ".tflite"},
    "bench": {".tflite"},
}
LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
HTML = b"<!DOCTYPE html><html><body>404: not found</body></html>"
JUNK = bytes(range(256)) * 10
MODELS = (".onnx", ".pt2", ".tflite")
BROKEN = {"empty": b"", "lfs": LFS, "page": HTML, "junk": JUNK}
WORDS = r"give|name|make|run|correct|mend|fetch|download|did you mean|explains|says|takes|again"


@pytest.fixture(scope="module")
def things(tmp_path_factory, finished):
    """A folder with one of everything that a user may point at."""
    folder = tmp_path_factory.mktemp("things")
    (folder / "good").mkdir()
    write_project(folder / "good")
    shape = [1, 3, 4, 5]
    graph = helper.make_graph(
        [helper.make_node("Relu", ["x"], ["y"])],
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)],
    )
    opsets = [helper.make_opsetid("", 20)]
    onnx.save(helper.make_model(graph, ir_version=10, opset_imports=opsets), folder / "net.onnx")
    program = torch.export.export(torch.nn.ReLU(), (torch.zeros(shape),))
    torch.export.save(program, folder / "net.pt2")
    shutil.copytree(finished / "build/bright", folder / "converted")
    shutil.copy(folder / "converted/model_fp32.tflite", folder / "net.tflite")
    torch.save({"w": torch.zeros(3)}, folder / "net.pt")
    for name, content in BROKEN.items():
        for suffix in (*MODELS, ".toml"):
            (folder / f"{name}{suffix}").write_bytes(content)
    for suffix in MODELS:
        whole = (folder / f"net{suffix}").read_bytes()
        (folder / f"half{suffix}").write_bytes(whole[: len(whole) // 2])
        (folder / f"folder{suffix}").mkdir()
    (folder / "other.toml").write_text('[project]\nname = "x"\n')
    (folder / "notes.txt").write_text("hello")
    (folder / "nothing in it").mkdir()
    (folder / "Übung d'été").mkdir()
    shutil.copy(folder / "empty.onnx", folder / "Übung d'été" / "näch'ste.onnx")
    shutil.copy(folder / "other.toml", folder / "Übung d'été" / "näch'ste.toml")
    return folder


ARGUMENTS = (
    *("nothing", "nothing.toml", "nothing.onnx", "no/such/net.tflite", "", "detectr"),
    *("nothing in it", ".", "converted/saved_model", "converted/convert.json", "folder.onnx"),
    *("folder.tflite", "folder.pt2", "notes.txt", "other.toml", "net.pt", "good/net.py"),
    *("net.onnx", "net.pt2", "net.tflite"),
    *(f"{name}{suffix}" for name in (*BROKEN, "half") for suffix in MODELS),
    *(f"{name}.toml" for name in BROKEN),
    *("Übung d'été", "Übung d'été/näch'ste.onnx", "Übung d'été/näch'ste.toml"),
)


def is_taken(command, argument):
    whole = argument in {"net.onnx", "net.pt2", "net.tflite"}
    return whole and Path(argument).suffix in TAKEN.get(command, ())


def hashes(folder):
    """Whatever lies below a folder, the empty folders too."""
    return {path: path.is_file() and sha256(path) for path in folder.rglob("*")}


CASES = [
    (command, argument)
    for command in COMMANDS
    for argument in ARGUMENTS
    if not is_taken(command, argument)
]


@pytest.mark.parametrize(("command", "argument"), CASES, ids=lambda each: each or "empty")
def test_one_message_names_it_and_what_to_do(decant, things, monkeypatch, command, argument):
    monkeypatch.chdir(things)
    before = hashes(things)
    name, *options = COMMANDS[command]
    rest = ["bundled"] if command == "bundle" else options
    ended = decant(name, argument, *rest)
    assert ended.code in {2, 3, 5}, ended.err
    assert ended.out == ""
    lines = [line for line in ended.err.splitlines() if not line.startswith("  PyTorch")]
    assert lines[0].startswith("error: ")
    said = "\n".join(lines)
    assert (argument.rstrip("/") or '""') in said
    assert re.search(WORDS, said.partition(argument or '""')[2]), said
    assert not re.search(r"Traceback|own fault|\.tmp|pickle|/tmp/tmp|decant-child", said)
    assert hashes(things) == before


def commands_in(message):
    """List the commands that a message tells to run."""
    return [shlex.split(each) for each in re.findall(r"decant \w+ (?:'[^ ]*'|[\w./]+)", message)]


@pytest.mark.parametrize("argument", ["net.onnx", "net.pt2", "net.tflite"])
def test_what_a_message_tells_to_run_works(decant, things, monkeypatch, tmp_path, argument):
    """Without quantization: that has its own tests, and takes its time."""
    shutil.copy(things / argument, tmp_path)
    monkeypatch.chdir(tmp_path)
    told = commands_in(decant("tflite", argument).err)
    assert {command for _, command, _ in told} == (
        {"bench", "quantize"} if argument == "net.tflite" else {"convert", "quantize"}
    )
    for _, command, file in told:
        if command != "quantize":
            assert decant(command, file).code == 0


def test_folder_with_a_spec_is_named_in_what_to_run(decant, project):
    assert decant("report", ".").err == (
        "error: build/bright/report.json: not there yet; run decant tflite . first\n"
    )


def test_folder_with_a_spec_goes_the_way_of_its_spec(decant, built):
    assert "nothing to do: build/bright is up to date" in decant("tflite", ".").err
    for command in ("gate", "report"):
        assert decant(command, built).code == 0


# Options that name a file or a folder

ARRAYS = {
    "nothing.npz": "no such file",
    "empty.npz": "is empty",
    "nothing in it": "is a folder",
    "junk.npz": "is no .npz archive",
    "lfs.npz": "is a Git LFS pointer",
    "bare.npy": "one bare array without an input's name",
    "objects.npz": "it holds Python objects",
    "net.onnx": "is no .npz archive",
}
DOCUMENTS = {
    "nothing.json": "no such file",
    "empty.json": "is empty",
    "nothing in it": "is a folder",
    "junk.json": "not a JSON file",
    "list.json": "list.json: ",
    "net.onnx": "not a JSON file",
}
WEIGHTS = {
    "nothing.pt": "no such file",
    "empty.pt": "is empty",
    "nothing in it": "is a folder",
    "lfs.safetensors": "is a Git LFS pointer",
    "junk.pt": "not a",
    "net.pt": "does not fit the network",
    "net.onnx": "not a",
}
CODE = {
    "nothing.py": "no such file",
    "nothing in it": "is a folder",
    "net.onnx": "not a Python file",
    "good/net.py": "registers nothing",
}
SHAPES = {
    "1,3,4,5": "names no input",
    "x=1,3,4,0": "'0' is no size of 1 or more",
    "x=1,3,4": "the model's x is [1, 3, 4, 5]",
    "y=1,3,4,5": "no input is called y",
}
FOLDERS = {"notes.txt": "is a file", "notes.txt/below": "cannot be written"}
OPTIONS = {
    ("lint", "net.tflite", "--calibration"): ARRAYS,
    ("quantize", "net.tflite", "--calibration"): ARRAYS,
    ("convert", "net.onnx", "--inputs"): ARRAYS,
    ("quantize", "net.tflite", "--recipe"): DOCUMENTS,
    ("gate", "finished", "--baseline"): DOCUMENTS | {"nothing in it": "report.json: no such file"},
    ("distill", "taught", "--teacher"): WEIGHTS,
    ("convert", "net.onnx", "--operators"): CODE,
    ("ops", "net.onnx", "--operators"): CODE,
    ("convert", "net.onnx", "--shape"): SHAPES,
    ("ops", "net.onnx", "--shape"): SHAPES,
    ("convert", "net.onnx", "--without"): {"typo": "no rewrite is called typo; "},
    ("convert", "net.onnx", "--routes"): {"typo": "no such route; "},
    ("convert", "net.onnx", "--rewrite"): {"typo": "no rewrite is called typo; "},
    ("lint", "net.onnx", "--shape"): SHAPES,
    ("quantize", "net.onnx", "--shape"): SHAPES,
    ("quantize", "net.tflite", "--shape"): {"x=1,3,4,5": "is converted already"},
    ("lint", "good", "--shape"): {"x=1,3,4,5": "a spec states the shapes of its inputs"},
    ("convert", "good", "--shape"): {"x=1,3,4,5": "a spec states the shapes of its inputs"},
    ("feedback", "import", "net.onnx", "--model"): DOCUMENTS,
    ("feedback", "import"): {
        "nothing.zip": "no such file",
        "nothing in it": "is a folder",
    },
    **{
        (command, file, "--out"): FOLDERS
        for command, file in (
            *(("convert", "net.onnx"), ("quantize", "net.tflite"), ("bench", "net.tflite")),
            *((name, "taught") for name in ("tflite", "train", "distill", "bench")),
        )
    },
    ("gate", "finished", "--out"): FOLDERS,
    ("report", "finished", "--out"): FOLDERS | {"notes.txt/below": "--out names the build folder"},
    ("bundle", "finished/build/bright"): FOLDERS,
}
RECIPE = """
from training_cases import QuadrantRecipe


def recipe(folder):
    return QuadrantRecipe()
"""


@pytest.fixture(scope="module")
def optional(things, finished):
    """What options may name by mistake, a project with a recipe, and one that is finished."""
    for name, content in {"empty": b"", "junk": JUNK, "lfs": LFS}.items():
        for suffix in (".npz", ".json", ".pt", ".safetensors"):
            (things / f"{name}{suffix}").write_bytes(content)
    np.save(things / "bare.npy", np.zeros(3))
    np.savez(things / "objects.npz", x=np.array([{}], object))
    (things / "list.json").write_text("[]")
    shutil.copytree(things / "good", things / "taught")
    (things / "taught/recipe.py").write_text(RECIPE)
    with (things / "taught/model.toml").open("a") as spec:
        spec.write('\n[training]\nrecipe = "recipe.py:recipe"\n')
    shutil.copytree(finished, things / "finished")
    shutil.copytree(finished / "build", things / "build")
    return things


@pytest.mark.parametrize(
    ("words", "value", "fault"),
    [(words, *case) for words, cases in OPTIONS.items() for case in cases.items()],
    ids=lambda each: " ".join(each) if isinstance(each, tuple) else each,
)
def test_option_that_names_the_wrong_thing(decant, optional, monkeypatch, words, value, fault):
    monkeypatch.chdir(optional)
    ended = decant(*words, value)
    assert ended.code in {2, 5}, ended.err
    assert ended.err.count("error:") == 1
    said = ended.err[ended.err.index("error:") :]
    assert value.removesuffix("/below") in said
    assert fault in said
    assert re.search(WORDS + "|save|move|restore|write|leave", said.partition(fault)[2]), said
    assert not re.search(r"Traceback|own fault|\.tmp|pickle|/tmp/tmp|decant-child", said)
    assert not (optional / "notes.txt").is_dir()


@pytest.mark.parametrize(
    ("source", "signature", "message"),
    [
        ("net.onnx", "x=1,3,4,5", "--signature x=1,3,4,5: names no signature and input; write SIG"),
        (
            "net.onnx",
            "small:x=1,3,4,0",
            "--signature small:x=1,3,4,0: '0' is no size of 1 or more; write",
        ),
        ("net.onnx", "small:x=1,3,4", "signature small: --shape x=1,3,4: the model's x is [1, 3,"),
        ("net.onnx", "a b:x=1,3,4,5", "signature 'a b': a name is letters, digits and _, a letter"),
        ("good", "small:x=1,3,4,5", "a spec states its signatures in [model.signatures]"),
    ],
)
def test_a_signature_that_is_none(decant, optional, monkeypatch, source, signature, message):
    monkeypatch.chdir(optional)
    ended = decant("convert", source, "--signature", signature, "-o", "none")
    assert ended.code == 2
    assert message in ended.err.partition("error: ")[2]
    assert not (optional / "none").exists()


# `--out` of what reads the build folder


@pytest.mark.parametrize(
    ("out", "advice"),
    [
        ("page.html", "--out names the build folder, in which the page is written as report.html"),
        ("elsewhere", "build/bright has a report: leave --out away"),
    ],
)
def test_report_leaves_out_to_the_build_folder(decant, built, out, advice):
    ended = decant("report", "model.toml", "-o", out)
    assert ended.code == 5
    assert advice in ended.err
    assert decant("report", "model.toml").code == 0


def test_report_of_another_build_folder_is_made_where_it_is_looked_for(decant, project):
    ended = decant("report", "model.toml", "-o", "my build")
    assert ended.code == 5
    assert "run decant tflite model.toml --out 'my build' first" in ended.err


# Permissions, which root has all of unless they are taken from it

PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 24, 1, 2


def without_privileges():
    library = ctypes.CDLL(None, use_errno=True)
    for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
        library.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)


@pytest.mark.parametrize(
    ("command", "name"),
    [
        *(("tflite", "good/model.toml"), ("convert", "net.onnx"), ("convert", "net.pt2")),
        *(("quantize", "net.tflite"), ("bench", "net.tflite")),
    ],
)
def test_file_that_may_not_be_read(things, tmp_path, command, name):
    target = tmp_path / Path(name).name
    shutil.copy(things / name, target)
    target.chmod(0)
    ended = run_decant(tmp_path, command, target.name, preexec_fn=without_privileges)
    assert ended.returncode in {2, 5}, ended.stderr
    expected = f"{target.name}: cannot be read (Permission denied); give read permission"
    assert expected in ended.stderr
    assert ended.stderr.count("error:") == 1


@pytest.mark.parametrize("command", ["tflite", "convert"])
def test_folder_that_may_not_be_written(things, tmp_path, command):
    shutil.copytree(things / "good", tmp_path / "project")
    (tmp_path / "project").chmod(0o500)
    ended = run_decant(tmp_path / "project", command, ".", preexec_fn=without_privileges)
    assert ended.returncode == 5, ended.stderr
    assert ended.stderr.count("error:") == 1
    assert re.search(r"build\S*: cannot be written \(Permission denied\); give ", ended.stderr)
    assert not (tmp_path / "project/build").exists()
