"""Each stage runs again if, and only if, something that it depends on has changed.

And whatever makes one run again makes the report stale, and the other way round.
"""

import os
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from decant import cache, machine, source_code
from decant.artifacts import read_json, write_json
from decant.bench import load_report
from decant.cache import Result
from decant.pipeline.project import open_project
from decant.pipeline.stages import Stages
from decant.plan_report import PlanReport
from decant.provenance import changes, origins, provenance_of

ALL = {"data", "convert", "quantize", "measure", "release", "report"}
# They state what everything was made from.
TOLD = {"release", "report"}
ROOT = Path(__file__).parents[2]
PHOTOS = """
from types import SimpleNamespace
import numpy as np
import koreanize_matplotlib


def photos(split, start, count):
    for index in range(start, start + count):
        image = np.full((40, 60, 3), 50 + 150 * (index % 2), np.uint8)
        yield SimpleNamespace(image=image, label=("dark", "light")[index % 2])
"""
GENERATED = '{ kind = "generated", factory = "photos.py:photos", split = "a", count = 4 }'


class Planned(Stages):
    """Notes which stages would run, as if each gave again the files that it gave before."""

    def _run(self, stage, work, *, again=False):
        self.__dict__.setdefault("keys", {})[stage.name] = stage.key
        (kept,) = (self.project.out / ".cache").glob(f"{stage.name}-*")
        return Result(kept, read_json(kept / "stage.json")["files"], fresh=False)


def forget_code():
    """Let code and versions be read again."""
    source_code.package_code.cache_clear()
    source_code.library_version.cache_clear()


@pytest.fixture(autouse=True)
def _no_pretence_outlives_its_test():
    yield
    forget_code()


def keys(folder):
    """Give the key of each stage of a project as it lies on the disk, and the provenance."""
    forget_code()
    project = open_project(str(folder / "model.toml"), folder / "build" / "bright")
    planned = Planned(project)
    planned.go()
    return planned.keys, provenance_of(project.spec)


def changed(folder, change):
    """Tell which stages would run after a change."""
    before, then = keys(folder)
    change()
    after, now = keys(folder)
    found = {name for name in ALL if before[name] != after[name]}
    # Stale exactly where a stage would run.
    assert bool(changes(then, now)) == bool(found)
    return found


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.fixture
def generated(built):
    """Calibrates on generated photos, from a generator that draws with matplotlib."""
    (built / "photos.py").write_text(PHOTOS)
    edit(built / "model.toml", '{ kind = "folder", path = "calibration" }', GENERATED)
    return built


@pytest.fixture
def packaged(built):
    """Has its network in a package beside the spec."""
    (built / "nets").mkdir()
    (built / "nets" / "__init__.py").write_text("from . import blocks\n")
    (built / "nets" / "blocks.py").write_text("WIDTH = 8\n")
    (built / "net.py").rename(built / "nets" / "bright.py")
    edit(built / "model.toml", "net.py:build", "nets.bright:build")
    return built


def test_nothing_changed_runs_nothing(built):
    assert changed(built, lambda: None) == set()


@pytest.mark.parametrize(
    ("old", "new", "stages"),
    [
        ("max_drop = 0.2", "max_drop = 0.3", {"measure"}),
        # A factory may draw its weights at random.
        ("[model]", "seed = 1\n[model]", {"convert", "measure"}),
        ("mean = [0.5, 0.5, 0.5]", "mean = [0.4, 0.5, 0.5]", ALL),
        ('labels = ["dark", "light"]', 'labels = ["light", "dark"]', {"data", "measure"}),
        (
            "[requirements]",
            '[quantization]\nrecipes = ["float16"]\n[requirements]',
            {"quantize"},
        ),
        (
            'factory = "net.py:build"',
            'factory = "net.py:build"\narguments = { width = 8 }',
            {"convert", "measure"},
        ),
        ("[requirements]", '[licences]\nmodel = "MIT"\n[requirements]', set()),
    ],
    ids=["requirement", "seed", "mean", "labels", "recipes", "arguments", "licences"],
)
def test_key_of_the_spec(built, old, new, stages):
    assert changed(built, lambda: edit(built / "model.toml", old, new)) == stages | TOLD


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[requirements]", '[training]\nrecipe = "net.py:recipe"\n[requirements]'),
        ("[requirements]", '[gate]\nbaseline = "old/report.json"\n[requirements]'),
        ("[requirements]\nmax_drop = 0.2", "# Allowed.\n[requirements]\nmax_drop = 0.20 # Much."),
        ('name = "bright"\nfactory = "net.py:build"', 'factory = "net.py:build"\nname = "bright"'),
        ("\n", "\r\n"),
    ],
    ids=["training", "gate", "comments", "order of keys", "line ends"],
)
def test_nothing_depends_on(built, old, new):
    path = built / "model.toml"
    text = path.read_text()
    assert old in text
    assert changed(built, lambda: path.write_bytes(text.replace(old, new).encode())) == set()


@pytest.mark.parametrize(
    ("part", "stages"),
    [
        ("calibration", {"data", "convert", "quantize"}),
        ("validation", {"data", "measure"}),
        ("test", {"data", "measure"}),
    ],
)
@pytest.mark.parametrize("linked", [False, True], ids=["folder", "link to a folder"])
def test_picture(built, part, stages, linked):
    if linked:
        (built / part / "dark").rename(built / "elsewhere")
        (built / part / "dark").symlink_to(built / "elsewhere")
    picture = next((built / part / "dark").iterdir())
    assert changed(built, lambda: picture.write_bytes(b"another")) == stages | TOLD


@pytest.mark.parametrize("name", ["dark/.DS_Store", "dark/notes.txt", ".thumbnails/0.png"])
def test_what_lies_beside_pictures_does_not_count(built, name):
    path = built / "test" / name
    path.parent.mkdir(exist_ok=True)
    assert changed(built, lambda: path.write_text("seen")) == set()


def test_times_of_files_do_not_count(built):
    def touch():
        for path in built.rglob("*"):
            os.utime(path, (1, 1))

    assert changed(built, touch) == set()


def test_place_of_the_project_does_not_count(built, tmp_path):
    before = keys(built)
    moved = shutil.copytree(built, tmp_path / "elsewhere" / "moved")
    shutil.rmtree(built)
    assert keys(moved) == before


def test_another_machine_measures_again_and_makes_nothing_stale(built, monkeypatch):
    before, then = keys(built)
    other = machine.this_machine().model_copy(update={"cpu": "another", "cores": 99})
    monkeypatch.setattr(machine, "this_machine", lambda: other)
    after, now = keys(built)
    assert {name for name in ALL if before[name] != after[name]} == {"measure"}
    assert changes(then, now) == []


@pytest.mark.parametrize("old", ['split = "a"', "count = 4"])
def test_key_of_a_generated_source(generated, old):
    new = {'split = "a"': 'split = "b"', "count = 4": "count = 4, start = 2"}[old]
    found = changed(generated, lambda: edit(generated / "model.toml", old, new))
    assert found == {"data", "convert", "quantize"} | TOLD


def change_version(monkeypatch, name):
    """Let a distribution have another version."""
    real = source_code.importlib.metadata.version
    monkeypatch.setattr(
        source_code.importlib.metadata, "version", lambda n: "9" if n == name else real(n)
    )


@pytest.mark.parametrize(
    ("library", "stages"),
    [
        ("koreanize-matplotlib", {"data", "convert", "quantize", "measure"}),
        ("onnxscript", {"convert"}),
        ("litert-quantizer", {"quantize"}),
        ("torch", ALL),
        ("pytest", None),
    ],
)
def test_version_of_a_library(generated, monkeypatch, library, stages):
    if library in {"litert-quantizer", "torch"}:
        # Also measured with, and part of what the report says of the machine.
        stages = stages | {"measure"}
    stages = set() if stages is None else stages | TOLD
    assert changed(generated, lambda: change_version(monkeypatch, library)) == stages


@pytest.mark.parametrize(
    ("package", "stages"),
    [
        ("decant", ALL),
        ("decant.convert", {"convert"}),
        ("decant.quantize", {"quantize"}),
        ("decant.bench", {"measure"}),
        ("decant.pipeline.stages", ALL),
        ("decant.pipeline.conversion", {"convert", "quantize"}),
        ("decant.pipeline.release", set()),
    ],
)
def test_code_of_ours(built, monkeypatch, package, stages):
    real = source_code.package_code

    def other(name):
        return replace(real(name), files={"new.py": "0" * 64}) if name == package else real(name)

    def change():
        for module in (cache, origins):
            monkeypatch.setattr(module, "package_code", other)

    assert changed(built, change) == stages | TOLD


@pytest.mark.parametrize(
    ("file", "stages"),
    [
        ("bench/drawing/templates/report.css", {"report"}),
        ("bench/drawing/page.py", {"report"}),
        ("decant/demo/web/style.css", set()),
        ("decant/feedback/report.py", set()),
        ("decant/pipeline/listening.py", set()),
        ("decant/cli/tables.py", set()),
        ("android_demo/app/consent_wording.json", set()),
    ],
    ids=["style", "report", "page's style", "feedback", "its import", "terminal", "app"],
)
def test_what_only_draws_runs_nothing_but_the_drawing(built, monkeypatch, file, stages):
    before, then = keys(built)
    real, changed_file = source_code._content, ROOT / file
    assert changed_file.is_file()

    def content(path):
        return real(path) + (b"changed" if path == changed_file else b"")

    monkeypatch.setattr(source_code, "_content", content)
    after, now = keys(built)
    assert {name for name in ALL if before[name] != after[name]} == stages
    assert changes(then, now) == []


def test_a_plan_is_in_the_report_and_only_there(built, tmp_path):
    (path,) = (built / "build" / "bright" / ".cache").glob("quantize-*/quantize.json")
    plan = PlanReport(
        objective="latency",
        unit="ms",
        budget_s=60,
        spent_s=1.5,
        stopped="time",
        chosen="float",
    )

    def add():
        write_json(path, read_json(path) | {"plan": plan.model_dump(mode="json")})

    before, _ = keys(built)
    add()
    after, _ = keys(built)
    assert {name for name in ALL if before[name] != after[name]} == {"report"}

    planned = Planned(open_project(str(built / "model.toml"), built / "build" / "bright"))
    planned._draw(tmp_path)
    assert load_report(tmp_path / "report.json").plan == plan
    assert "What int8 costs" in (tmp_path / "report.html").read_text()


def test_how_the_report_is_drawn_is_seen(built, monkeypatch):
    """Jinja2 draws, and measures nothing."""
    before, _ = keys(built)
    change_version(monkeypatch, "Jinja2")
    after, _ = keys(built)
    assert {name for name in ALL if before[name] != after[name]} == {"report"}


@pytest.mark.parametrize("place", ["net.py", "deep/below/module.py"])
def test_python_beside_the_spec(built, place):
    (built / place).parent.mkdir(parents=True, exist_ok=True)
    (built / place).touch()

    def change():
        with (built / place).open("a") as file:
            file.write("\n# Changed.\n")

    assert changed(built, change) == {"convert", "measure"} | TOLD


def test_package_beside_the_spec(packaged):
    blocks = packaged / "nets" / "blocks.py"
    found = changed(packaged, lambda: blocks.write_text("WIDTH = 9\n"))
    assert found == {"convert", "measure"} | TOLD


@pytest.mark.parametrize("folder", [".hidden", "build", "env", "__pycache__"])
def test_foreign_python_below_the_spec(built, folder):
    def change():
        (built / folder).mkdir(exist_ok=True)
        (built / folder / "pyvenv.cfg").touch()
        (built / folder / "module.py").write_text("1")

    assert changed(built, change) == set()


def ran(ended):
    """List the stages that a command says it has run."""
    return set(re.findall(r"^(\w+) +done in", ended.err, re.MULTILINE))


def test_real_way_runs_what_the_keys_say(decant, packaged):
    ended = decant("tflite", "model.toml")
    assert ended.code == 0, ended.err
    # The same network from another place converts to the same files, which are measured anew; the
    # sidecar has the new verdicts.
    assert ran(ended) == {"convert", "measure", "release", "report"}
    edit(packaged / "model.toml", "max_drop = 0.2", "max_drop = 0.3")
    assert ran(decant("tflite", "model.toml")) == {"measure", "release", "report"}
    ended = decant("tflite", "model.toml")
    assert ran(ended) == set()
    assert "nothing to do" in ended.err
