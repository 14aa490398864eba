"""No command passes on a result that was made from something else than there is now."""

import json
import os
import re
import shutil

import cv2
import pytest
import squares_project
from processes import run_decant, run_here

from decant import source_code
from decant.artifacts import read_json, sha256, write_json
from decant.provenance import digests, provenance_of
from decant.spec import load_spec

COMMANDS = {
    "gate": ("gate", "model.toml"),
    "bundle": ("bundle", "model.toml", "shipped"),
    "report": ("report", "model.toml"),
    "demo": ("demo", "model.toml", "--port", "0"),
}
RENEWAL = "decant tflite model.toml"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A project that has gone the whole way; not to be changed."""
    folder = tmp_path_factory.mktemp("made")
    squares_project.write_project(folder)
    run_here(folder, "tflite", "model.toml")
    return folder


@pytest.fixture
def project(made, tmp_path, monkeypatch):
    """A copy of it, which is the current folder; without what only stages need."""
    folder = tmp_path / "project"
    shutil.copytree(made, folder, ignore=shutil.ignore_patterns(".cache", "saved_model"))
    monkeypatch.chdir(folder)
    return folder


def edit(name, old, new):
    """Make a change of a text that must be there."""

    def change(folder):
        path = folder / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))

    return change


def spec(old, new):
    return edit("model.toml", old, new)


def append(name, text):
    def change(folder):
        with (folder / name).open("a") as file:
            file.write(text)

    return change


def flip_a_bit(name, place=-1):
    def change(folder):
        content = bytearray((folder / name).read_bytes())
        content[place] ^= 1
        # Anew, for the file may share its bytes with another.
        (folder / name).unlink()
        (folder / name).write_bytes(content)

    return change


def one_pixel(folder):
    path = str(folder / "test" / "003.png")
    picture = cv2.imread(path)
    picture[5, 7] ^= 1
    cv2.imwrite(path, picture)


def move_a_box(folder):
    squares_project.annotate(folder / "test.json", 0, [3, 3, 20, 20])


def other_order(folder):
    path = folder / "SHA256SUMS"
    path.write_text("".join(reversed(path.read_text().splitlines(keepends=True))))


def in_report(change):
    """Edit the report by hand."""

    def edited(folder):
        path = folder / "build/squares/report.json"
        document = json.loads(path.read_text())
        change(document)
        path.unlink()
        path.write_text(json.dumps(document))

    return edited


def swap(name, other):
    def change(folder):
        release = folder / "build/squares"
        (release / name).unlink()
        shutil.copy(release / other, release / name)

    return change


MEAN = "mean = [0.5, 0.5, 0.5]"
RECIPES = 'recipes = ["static_int8", "float16"]'
CALIBRATION = 'calibration = { kind = "generated"'
CHANGED = "its content has changed"

WAYS = {
    "checkpoint": (flip_a_bit("net.pt", 900), f'model.checkpoint = "net.pt": {CHANGED}'),
    "another checkpoint": (
        lambda folder: (
            shutil.copy(folder / "net.pt", folder / "new.pt"),
            spec('"net.pt"', '"new.pt"')(folder),
        ),
        '[model] checkpoint: was "net.pt", is "new.pt"',
    ),
    "factory": (
        spec("net.py:build", "net.py:other"),
        '[model] factory: was "net.py:build", is "net.py:other"',
    ),
    "argument": (spec("width = 24", "width = 8"), "[model] arguments.width: was 24, is 8"),
    "file of an argument": (
        append("note.txt", "!"),
        f'model.arguments.note = "note.txt": {CHANGED}',
    ),
    "operators file": (
        append("operators/scale.py", "\n"),
        f'model.operators[0] = "operators/scale.py": {CHANGED}',
    ),
    "no operators": (
        spec('operators = ["operators/scale.py"]', ""),
        '[model] operators: was ["operators/scale.py"], is []',
    ),
    "code of the factory": (append("net.py", "\n"), "net.py: the code has changed"),
    "module beside the spec": (append("layers.py", "\n"), "layers.py: the code has changed"),
    "new module beside the spec": (append("fresh.py", "1\n"), "fresh.py: the code is new"),
    "mean": (
        spec(MEAN, "mean = [0.4, 0.5, 0.5]"),
        "[input] mean: was [0.5, 0.5, 0.5], is [0.4, 0.5, 0.5]",
    ),
    "std": (
        spec("std = [0.5", "std = [0.6"),
        "[input] std: was [0.5, 0.5, 0.5], is [0.6, 0.5, 0.5]",
    ),
    "shape": (
        spec("3, 64, 64]", "3, 64, 72]"),
        "[input] shape: was [1, 3, 64, 64], is [1, 3, 64, 72]",
    ),
    "resize": (spec("letterbox", "crop"), '[input] resize: was "letterbox", is "crop"'),
    "type of the input": (
        spec(MEAN, f'{MEAN}\ndtype = "uint8"'),
        '[input] dtype: was "float32", is "uint8"',
    ),
    "labels": (spec('["square"]', '["box"]'), '[task] labels: was ["square"], is ["box"]'),
    "metric": (spec('"ap50"', '"ap"'), '[task] metric: was "ap50", is "ap"'),
    "decode rule": (
        spec("nms_iou = 0.2", "nms_iou = 0.3"),
        "[task] decode.nms_iou: was 0.2, is 0.3",
    ),
    "pixel of a test image": (one_pixel, f'data.test.images = "test": {CHANGED}'),
    "annotation": (move_a_box, f'data.test.annotations = "test.json": {CHANGED}'),
    "checksums": (other_order, f'data.test.checksums = "SHA256SUMS": {CHANGED}'),
    "image of validation": (
        flip_a_bit("validation/002.png"),
        f'data.validation.images = "validation": {CHANGED}',
    ),
    "another validation set": (
        spec('"validation.json"', '"test.json"'),
        '[data] validation.annotations: was "validation.json", is "test.json"',
    ),
    "calibration": (spec("count = 6", "count = 5"), "[data] calibration.count: was 6, is 5"),
    "generator": (append("drawing/photos.py", "\n"), "drawing/photos.py: the code has changed"),
    "requirement": (
        spec("max_drop = 0.5", "max_drop = 0.4"),
        "[requirements] max_drop: was 0.5, is 0.4",
    ),
    "limit of latency": (
        spec("max_ms = 1000.0", "max_ms = 900.0"),
        "[requirements] latency[0].max_ms: was 1000.0, is 900.0",
    ),
    "recipes": (
        spec(RECIPES, 'recipes = ["float16"]'),
        '[quantization] recipes: was ["static_int8", "float16"], is ["float16"]',
    ),
    "recipe of an earlier run": (
        lambda folder: (
            shutil.copy(folder / "build/squares/recipe.json", folder),
            spec(RECIPES, 'recipe = "recipe.json"')(folder),
        ),
        '[quantization] recipe: was not given, is "recipe.json"',
    ),
    "seed": (spec("seed = 3", "seed = 4"), "seed: was 3, is 4"),
    "licence": (
        spec('model = "Apache-2.0"', 'model = "MIT"'),
        '[licences] model: was "Apache-2.0", is "MIT"',
    ),
    "file of a candidate": (
        flip_a_bit("build/squares/model_fp16.tflite"),
        "model_fp16.tflite: not the file that manifest.json lists",
    ),
    "shipped file": (
        swap("model.tflite", "model_fp32.tflite"),
        "model.tflite: not the file that manifest.json lists",
    ),
    "report of another model": (
        in_report(lambda document: document.update(model="circles")),
        "report.json: not the file that manifest.json lists",
    ),
    "figure in the report": (
        in_report(lambda document: document["reference"].update(size_bytes=9)),
        "report.json: not the file that manifest.json lists",
    ),
}
# Where a reader that comes first has words of its own.
OTHERWISE = {
    ("shipped file", "bundle"): "model.tflite: SHA-256 is",
    ("report of another model", "gate"): 'is of model "circles", not "squares"',
}


def assert_refused(ended, message):
    assert ended.code == 5, ended.err
    assert message in ended.err
    assert f" with: {RENEWAL}\n" in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("command", ["gate", "bundle"])
@pytest.mark.parametrize("way", WAYS)
def test_stale_result_is_refused_by_name(decant, project, way, command):
    change, message = WAYS[way]
    change(project)
    ended = decant(*COMMANDS[command])
    assert_refused(ended, OTHERWISE.get((way, command), message))
    assert not (project / "build/squares/gate.xml").exists()
    assert not (project / "build/squares/gate.md").exists()
    assert not (project / "shipped").exists()


@pytest.mark.parametrize("command", ["report", "demo"])
@pytest.mark.parametrize(
    "way", ["checkpoint", "mean", "module beside the spec", "annotation", "figure in the report"]
)
def test_report_and_demo_refuse_it_too(decant, project, way, command):
    change, message = WAYS[way]
    change(project)
    assert_refused(decant(*COMMANDS[command]), message)


@pytest.mark.parametrize("command", ["gate", "bundle"])
def test_every_change_is_named_and_nothing_else(decant, project, command):
    for way in ("checkpoint", "mean", "pixel of a test image", "module beside the spec"):
        WAYS[way][0](project)
    ended = decant(*COMMANDS[command])
    assert re.findall(r"^  (.+)$", ended.err, re.MULTILINE) == [
        "[input] mean: was [0.5, 0.5, 0.5], is [0.4, 0.5, 0.5]",
        f'data.test.images = "test": {CHANGED}',
        f'model.checkpoint = "net.pt": {CHANGED}',
        "layers.py: the code has changed",
    ]
    assert f"Make it anew with: {RENEWAL}\n" in ended.err


@pytest.mark.parametrize("command", ["gate", "report"])
def test_command_that_renews_goes_to_the_same_folder(decant, project, command):
    (project / "build/squares").rename(project / "my release")
    WAYS["mean"][0](project)
    ended = decant(*COMMANDS[command], "--out", "my release")
    assert f"Make it anew with: {RENEWAL} --out 'my release'\n" in ended.err


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("library_version", "9", "library onnxscript: was "),
        ("package_code", source_code.Code({}, {}), "decant: decant's own code has changed"),
    ],
    ids=["library", "decant"],
)
@pytest.mark.parametrize("command", ["gate", "bundle"])
def test_other_version_of_the_code_is_named(
    decant, project, monkeypatch, command, name, value, message
):
    monkeypatch.setattr(f"decant.provenance.origins.{name}", lambda _: value)
    assert_refused(decant(*COMMANDS[command]), message)


def untouched(_folder):
    pass


def touch(folder):
    for path in folder.rglob("*"):
        os.utime(path, (1, 1))


def move(folder):
    moved = folder.parent / "elsewhere" / "checkout"
    shutil.copytree(folder, moved, copy_function=shutil.copyfile)
    shutil.rmtree(folder)
    os.chdir(moved)


def link_data(folder):
    (folder / "test").rename(folder.parent / "store")
    (folder / "test").symlink_to("../store")


def other_line_ends(folder):
    for name in ("model.toml", "net.py", "layers.py", "drawing/photos.py"):
        path = folder / name
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))


def beside_the_data(folder):
    (folder / "test" / ".DS_Store").write_text("seen")
    (folder / "test" / "README.txt").write_text("What these are.")
    shutil.copy(folder / "test" / "000.png", folder / "test" / "not_listed.png")


HARMLESS = {
    "nothing": untouched,
    "times": touch,
    "place": move,
    "link to the data": link_data,
    "line ends of spec and code": other_line_ends,
    "comment": spec("[input]", "# The photo.\n[input]"),
    "order of keys": spec(
        "shape = [1, 3, 64, 64]\nmean = [0.5, 0.5, 0.5]",
        "mean = [0.5, 5e-1, 0.50]\nshape = [1, 3, 64, 64]",
    ),
    "default written out": spec("[input]", '[input]\ncolour = "rgb"'),
    "training": spec("[licences]", '[training]\nrecipe = "net.py:recipe"\n[licences]'),
    "gate": spec("[licences]", '[gate]\nbaseline = "build/squares/report.json"\n[licences]'),
    "notes beside the data": beside_the_data,
    "page drawn anew": append("build/squares/report.html", "<!-- drawn by another version -->"),
    "notes in the release": append("build/squares/notes.txt", "to do"),
}


@pytest.mark.parametrize("change", HARMLESS.values(), ids=HARMLESS)
def test_what_changes_nothing_passes(decant, project, change):
    change(project)
    for command in ("gate", "bundle", "report"):
        ended = decant(*COMMANDS[command])
        assert ended.code == 0, ended.err


def test_stale_report_is_still_a_baseline(decant, project):
    """A baseline is meant to be of an older checkpoint."""
    shutil.copytree(project / "build/squares", project / "baseline")
    WAYS["checkpoint"][0](project)
    renew(project)
    ended = decant(*COMMANDS["gate"], "--baseline", "baseline/report.json")
    assert ended.code == 0, ended.err
    assert "ap50: " in ended.out


def renew(folder):
    """State in report, sidecar and manifest what there is now, as a run that makes equal files."""
    now = provenance_of(load_spec(folder / "model.toml"))
    release = folder / "build/squares"
    made_from = now.model_dump(mode="json")
    rewrite(release / "report.json", made_from=made_from)
    rewrite(release / "model.json", made_from=digests(now))
    files = read_json(release / "manifest.json")["files"]
    files |= {name: sha256(release / name) for name in ("report.json", "model.json")}
    rewrite(release / "manifest.json", made_from=made_from, files=files)


def rewrite(path, **values):
    document = {**read_json(path), **values}
    path.unlink()
    write_json(path, document)


# Without the spec, files are held against each other.


@pytest.fixture
def shipped(decant, project):
    """A bundle that lies alone."""
    assert decant(*COMMANDS["bundle"]).code == 0
    (project / "model.toml").unlink()
    return project / "shipped"


def test_bundle_alone_says_that_the_spec_is_not_at_hand(decant, shipped):
    ended = decant("bundle", "shipped", "again")
    assert ended.code == 0, ended.err
    assert ended.err.count("the spec is not at hand") == 1
    assert len(ended.err.splitlines()) == 1


def test_bundle_with_the_spec_says_nothing_of_it(decant, project):
    assert "spec" not in decant(*COMMANDS["bundle"]).err


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("report.json", {"model": "circles"}, 'model.json: is of model "squares", report.json of'),
        ("report.json", {"made_from": None}, "model.json: was made from something else than"),
        ("report.json", {"verdict": []}, "model.json: has other verdicts than report.json"),
        ("report.json", {"candidates": []}, "model.json: model.tflite for cpu is no file of"),
        ("report.json", {"candidates": None}, "report.json: not a whole report; make it anew"),
        ("report.json", {"made_from": 3}, "report.json: not a whole report; make it anew"),
        ("model.json", {"made_from": {}}, "model.json: was made from something else than"),
    ],
)
def test_bundle_whose_files_are_of_two_runs_is_refused(decant, shipped, name, change, message):
    rewrite(shipped / name, **change)
    ended = decant("bundle", "shipped", "again")
    assert ended.code == 5
    assert message in ended.err
    assert "Traceback" not in ended.err


def test_sidecar_without_its_report_still_names_the_section(decant, project):
    for name in ("report.json", "manifest.json"):
        (project / "build/squares" / name).unlink()
    for way in ("mean", "pixel of a test image", "module beside the spec"):
        WAYS[way][0](project)
    ended = decant(*COMMANDS["bundle"])
    assert ended.code == 5
    assert re.findall(r"^  (.+)$", ended.err, re.MULTILINE) == [
        "code: of the spec's functions or of decant, or a library that they import",
        "[data]: what it says, or a file that it names",
        "[input]: what it says, or a file that it names",
    ]
    assert RENEWAL in ended.err


@pytest.mark.parametrize("name", ["report.json", "model.json", "manifest.json"])
def test_file_of_another_run_is_refused(decant, project, name):
    other = shutil.copytree(project, project.parent / "other")
    WAYS["mean"][0](other)
    renew(other)
    (project / "build/squares" / name).unlink()
    shutil.copy(other / "build/squares" / name, project / "build/squares" / name)
    for command in ("gate", "bundle"):
        ended = decant(*COMMANDS[command])
        assert ended.code == 5
        assert "not the files of one run" in ended.err


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "{}", '{"files": []}', '{"files": {}}'], ids=repr
)
def test_damaged_manifest_lets_no_edited_report_pass(decant, project, content):
    document = read_json(project / "build/squares/report.json")
    document["reference"]["accuracy"]["ap50"]["value"] = 0.99
    rewrite(project / "build/squares/report.json", **document)
    manifest = project / "build/squares/manifest.json"
    manifest.unlink()
    manifest.write_text(content)
    for command in ("gate", "bundle"):
        assert_refused(decant(*COMMANDS[command]), "manifest.json: not a whole manifest")


# A build folder that a CI has restored.


def test_build_of_another_commit_is_refused_and_made_right(made, tmp_path):
    folder = shutil.copytree(made, tmp_path / "checkout")
    WAYS["licence"][0](folder)
    for command in ("gate", "bundle"):
        run_here(folder, *COMMANDS[command], code=5)
    ended = run_decant(folder, "tflite", "model.toml")
    assert ended.returncode == 0, ended.stderr
    # Nothing that was measured depends on a licence.
    assert re.findall(r"^(\w+) +done in", ended.stderr, re.MULTILINE) == ["release", "report"]
    for command in ("gate", "bundle"):
        run_here(folder, *COMMANDS[command])
    sidecar = read_json(folder / "build/squares/model.json")
    report = read_json(folder / "build/squares/report.json")
    manifest = read_json(folder / "build/squares/manifest.json")
    assert sidecar["licences"] == {"model": "MIT"}
    assert report["made_from"]["settings"]["licences"] == {"model": "MIT"}
    assert manifest["made_from"] == report["made_from"]


def test_build_that_was_half_restored_elsewhere_is_made_whole(made, tmp_path):
    folder = shutil.copytree(made, tmp_path / "checkout", copy_function=shutil.copyfile)
    before = read_json(made / "build/squares/manifest.json")
    for path in folder.rglob("*"):
        os.utime(path, (1, 1))
    (folder / "build/squares/model.tflite").unlink()
    (folder / "build/squares/golden/photo.png").write_bytes(b"cut off")
    (record,) = (folder / "build/squares/.cache").glob("report-*/stage.json")
    record.write_text("{")
    ended = run_decant(folder, "tflite", "model.toml")
    assert ended.returncode == 0, ended.stderr
    assert re.findall(r"^(\w+) +done in", ended.stderr, re.MULTILINE) == ["report"]
    assert read_json(folder / "build/squares/manifest.json")["made_from"] == before["made_from"]
    for command in ("gate", "bundle"):
        run_here(folder, *COMMANDS[command])
