"""The segmentation example goes the whole way, and so do its scenes as files in two folders."""

from __future__ import annotations

import shutil

import cv2
import pytest
from example_runs import EXAMPLES, Run, doctored_gate, go
from PIL import Image
from processes import run_decant, run_here

from decant.contract.predictor import Predictor
from decant.factory import resolve

FOLDERS = '{{ kind = "masks", images = "{0}/photos", masks = "{0}/masks" }}'
COUNTS = {"calibration": 8, "validation": 12, "test": 16}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return go("segmentation", tmp_path_factory.mktemp("segmentation"))


def test_a_quantized_file_may_be_chosen_by_its_mean_iou(run):
    assert run.report.metric == "miou"
    assert {*run.int8.accuracy} == {"miou", "pixel_accuracy"}
    assert run.int8.accuracy["miou"].value > 0.9
    assert [label.name for label in run.int8.labels] == ["background", "disc", "box"]
    assert run.gate().passed


def test_the_page_shows_masks_of_truth_and_both_models(run):
    picture = run.gallery.pictures[0]
    assert run.gallery.layered
    assert {*run.gallery.legend} == {"disc", "box"}
    assert all(mark.mask for mark in picture.truth)
    assert run.page.count('class="mask"') > 3 * len(run.gallery.pictures)


def test_the_bundle_names_the_labels_of_a_photo(run):
    predictor = Predictor(run.out / "model.json")
    assert predictor.sidecar.decode.kind == "segmentation"
    found = predictor.predict(run.out / "golden" / "photo.png")
    assert found == predictor.sidecar.golden[0].predictions
    assert sum(each.score for each in found) == pytest.approx(1)


def test_the_gate_refuses_a_doctored_file(run, tmp_path):
    failed = {each.name for each in doctored_gate(run, tmp_path).failed}
    assert "max_drop" in failed


@pytest.fixture(scope="module")
def in_folders(tmp_path_factory):
    """The example's scenes as PNG files, the masks with a palette."""
    folder = tmp_path_factory.mktemp("folders")
    for name in ("model.py", "segmentation.safetensors"):
        shutil.copy(EXAMPLES / "segmentation" / name, folder)
    scenes = resolve("data.py:scenes", EXAMPLES / "segmentation")
    spec = (EXAMPLES / "segmentation" / "model.toml").read_text().partition("[data]")[0]
    spec += "[data]\n"
    for part, count in COUNTS.items():
        spec += f"{part} = {FOLDERS.format(part)}\n"
        for kind in ("photos", "masks"):
            (folder / part / kind).mkdir(parents=True)
        for index, scene in enumerate(scenes(part, 0, count)):
            photo = cv2.cvtColor(scene.image, cv2.COLOR_RGB2BGR)
            cv2.imwrite(str(folder / part / "photos" / f"{index}.png"), photo)
            mask = Image.fromarray(scene.mask).convert("P")
            mask.save(folder / part / "masks" / f"{index}.png")
    spec += '[requirements]\nmax_drop = 0.05\n[quantization]\nrecipes = ["static_int8"]\n'
    (folder / "model.toml").write_text(spec)
    run_here(folder, "tflite", "model.toml", "--out", "out")
    return Run(folder / "model.toml", folder / "out")


def test_masks_in_a_folder_are_judged(in_folders):
    assert in_folders.report.data.test.source == "test/photos with test/masks"
    assert in_folders.report.data.test.images == COUNTS["test"]
    assert in_folders.int8.accuracy["miou"].value > 0.85


def test_another_mask_makes_the_report_stale(in_folders):
    path = in_folders.spec.parent / "test" / "masks" / "3.png"
    kept = path.read_bytes()
    with Image.open(path) as picture:
        picture.putpixel((0, 0), 2)
        picture.save(path)
    ended = run_decant(in_folders.spec.parent, "gate", "model.toml", "--out", "out")
    path.write_bytes(kept)
    assert ended.returncode != 0
    assert "data.test.masks" in ended.stderr + ended.stdout
