from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from decant.contract import images
from decant.contract.decode import Detections
from decant.contract.decode.quad_grid import envelopes
from decant.errors import DataError
from decant.network import load_weights
from decant.source_code import Code
from decant.zoo.detector import loss, split
from decant.zoo.detector.augment import KeptPage, augment, load_pages
from decant.zoo.detector.model import INPUT_SIZE, OUTPUT_NAMES, STRIDES, build
from decant.zoo.detector.split import ensure_split, split_folder
from decant.zoo.detector.training import (
    DECODE_RULE,
    IMAGE_RULE,
    SPEC,
    collate,
    detect,
    fit,
    measure,
    normalise,
    recipe,
)

DETECTOR = Path(__file__).parents[2] / "zoo" / "detector"
TILTED = [[40.0, 60.0], [140.0, 40.0], [144.0, 60.0], [44.0, 80.0]]
LEVEL = [[150.0, 200.0], [300.0, 200.0], [300.0, 212.0], [150.0, 212.0]]


def parameters(model):
    return sum(parameter.numel() for parameter in model.parameters())


def formulas(*quads, owner=None):
    truth = torch.tensor(quads, dtype=torch.float32).reshape(-1, 4, 2)
    return loss.Formulas(truth, torch.tensor(owner or [0] * len(quads), dtype=torch.int64))


def blank_outputs(batch=1):
    """Outputs in which every cell says no and sees a box of nothing."""
    outputs = {}
    for stride in STRIDES:
        side = INPUT_SIZE // stride
        outputs[f"scores_s{stride}"] = torch.full((batch, 1, side, side), -4.0)
        outputs[f"corners_s{stride}"] = torch.zeros(batch, 8, side, side)
    return outputs


def page_of(quads, seed=0):
    """A noisy grey page with dark quads."""
    image = np.random.default_rng(seed).integers(150, 220, (448, 336, 3)).astype(np.uint8)
    return KeptPage(image, np.asarray(quads, np.float32))


def test_student_is_small_and_the_teacher_four_times_larger():
    student, teacher = parameters(build("student")), parameters(build("teacher"))
    assert student <= 1_500_000
    assert teacher >= 4 * student


@pytest.mark.parametrize("role", ["student", "teacher"])
def test_outputs_have_the_contract_s_names_order_and_shapes(role):
    model = build(role).eval()
    with torch.no_grad():
        outputs = model(torch.zeros(2, 3, INPUT_SIZE, INPUT_SIZE))
    assert tuple(outputs) == OUTPUT_NAMES
    for stride in STRIDES:
        side = INPUT_SIZE // stride
        assert outputs[f"scores_s{stride}"].shape == (2, 1, side, side)
        assert outputs[f"corners_s{stride}"].shape == (2, 8, side, side)


def test_student_and_teacher_can_be_compared_where_the_recipe_says(tmp_path):
    made, image = recipe(tmp_path), torch.zeros(1, 3, INPUT_SIZE, INPUT_SIZE)
    shapes = {}
    for role in ("student", "teacher"):
        model = made.model(role).eval()
        seen = shapes.setdefault(role, [])
        for pair in made.feature_pairs():
            path = pair[role == "teacher"]
            model.get_submodule(path).register_forward_hook(
                lambda module, inputs, output, seen=seen: seen.append(output.shape[2:])
            )
        with torch.no_grad():
            outputs = model(image)
        assert {name for pair in made.responses() for name in pair} == outputs.keys()
    assert shapes["student"] == shapes["teacher"] == [(40, 40), (20, 20), (10, 10)]


def test_exported_student_keeps_hard_swish_and_squeeze_excite():
    graph = torch.export.export(build("student").eval(), (torch.zeros(1, 3, 320, 320),))
    called = {str(node.target) for node in graph.graph.nodes if node.op == "call_function"}
    assert any("hardswish" in name for name in called)
    assert any("hardsigmoid" in name for name in called)


@pytest.mark.parametrize("quad", [TILTED, LEVEL], ids=["tilted", "wide and short"])
def test_every_formula_gets_points_that_lie_in_it(quad):
    points = loss.flatten(blank_outputs())
    chosen = loss.assign(points, formulas(quad))
    assert len(chosen.point) == loss.POINTS_PER_FORMULA
    box = envelopes(np.asarray([quad], np.float32))[0]
    centres, margin = points.centres[chosen.point], points.strides[chosen.point] / 2
    low, high = torch.from_numpy(box[:2]), torch.from_numpy(box[2:])
    assert (centres >= low - margin[:, None]).all()
    assert (centres <= high + margin[:, None]).all()


def test_a_point_answers_for_one_formula_only():
    overlapping = [[x + 4.0, y + 2.0] for x, y in TILTED]
    chosen = loss.assign(loss.flatten(blank_outputs()), formulas(TILTED, overlapping))
    assert len(set(chosen.point.tolist())) == len(chosen.point)


def test_perfect_corners_cost_nothing_and_earn_a_full_target():
    outputs, truth = blank_outputs(), formulas(TILTED)
    points = loss.flatten(outputs)
    stride = 8
    side = INPUT_SIZE // stride
    centres = points.centres[: side * side].reshape(side, side, 1, 2)
    offsets = (truth.quads[0] - centres) / stride
    outputs["corners_s8"] = offsets.reshape(side, side, 8).permute(2, 0, 1)[None]
    chosen = loss.assign(loss.flatten(outputs), truth)
    assert chosen.target.max().item() == pytest.approx(1, abs=1e-5)
    parts = loss.detection_loss(outputs, truth)
    assert parts["corner"].item() < 1e-4
    assert parts["envelope"].item() < 1e-3


def test_corner_error_is_relative_to_each_side():
    quad = torch.tensor([LEVEL])
    across = loss.corner_error(quad + torch.tensor([15.0, 0.0]), quad)
    down = loss.corner_error(quad + torch.tensor([0.0, 1.2]), quad)
    # A tenth of the width and a tenth of the height weigh the same.
    assert across.item() == pytest.approx(down.item(), rel=1e-4)


def test_generalised_overlap_of_known_boxes():
    a = torch.tensor([[0.0, 0.0, 2.0, 2.0]])
    iou, generalised = loss.overlap(a, torch.tensor([[1.0, 0.0, 3.0, 2.0]]))
    assert iou.item() == pytest.approx(1 / 3)
    _, apart = loss.overlap(a, torch.tensor([[4.0, 0.0, 6.0, 2.0]]))
    assert generalised.item() == pytest.approx(1 / 3)
    assert apart.item() == pytest.approx(-1 / 3)


def test_pages_without_formulas_still_train():
    outputs = {name: value.requires_grad_() for name, value in blank_outputs().items()}
    parts = loss.detection_loss(outputs, formulas())
    sum(parts.values()).backward()
    assert outputs["scores_s8"].grad.abs().sum() > 0
    assert parts["corner"] == parts["envelope"] == 0


def test_student_overfits_two_pages():
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    images = rng.integers(150, 220, (2, 3, INPUT_SIZE, INPUT_SIZE)).astype(np.uint8)
    images[0, :, 40:80, 40:144] //= 3
    images[1, :, 200:212, 150:300] //= 3
    model, truth = build("student"), formulas(TILTED, LEVEL, owner=[0, 1])
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    misfits = []
    for _ in range(15):
        parts = loss.detection_loss(model(normalise(torch.from_numpy(images))), truth)
        optimizer.zero_grad()
        sum(parts.values()).backward()
        optimizer.step()
        misfits.append(parts["envelope"].item())
    # The score loss chases a target that rises as boxes fit; the fit itself must improve.
    assert min(misfits[-3:]) < 0.7 * misfits[0]


def test_augmented_quads_follow_the_picture():
    """A dark rectangle on a light page stays under its quad."""
    quad = [[100.0, 150.0], [240.0, 150.0], [240.0, 200.0], [100.0, 200.0]]
    page = page_of([quad])
    page.image[:] = 230
    page.image[150:200, 100:240] = 20
    for seed in range(20):
        made = augment(page, IMAGE_RULE, np.random.default_rng(seed))
        assert made.image.shape == (INPUT_SIZE, INPUT_SIZE, 3)
        for x, y in made.quads.mean(1):
            patch = made.image[int(y) - 3 : int(y) + 4, int(x) - 3 : int(x) + 4]
            assert patch.mean() < 110


def test_augmentation_repeats_with_its_seed():
    page = page_of([TILTED])
    first, second = (augment(page, IMAGE_RULE, np.random.default_rng([3, 5])) for _ in range(2))
    np.testing.assert_array_equal(first.image, second.image)
    np.testing.assert_array_equal(first.quads, second.quads)


def test_batch_knows_whose_formulas_are_whose():
    pages = [
        KeptPage(np.zeros((320, 320, 3), np.uint8), np.zeros((n, 4, 2), np.float32))
        for n in (2, 0, 1)
    ]
    batch = collate(pages)
    assert batch.images.shape == (3, 3, 320, 320)
    assert batch.formulas.owner.tolist() == [0, 0, 2]


def test_average_precision_of_a_known_ranking():
    """Right, wrong, right with two of two found: precision 1 up to recall .5, then 2/3."""
    truth = [np.asarray([TILTED, LEVEL], np.float32)]
    found = detections([TILTED, [[x, y + 100] for x, y in TILTED], LEVEL], [0.9, 0.8, 0.7])
    expected = (51 + 50 * 2 / 3) / 101
    figures = measure([found], truth)
    assert figures == pytest.approx({"ap50": expected, "ap": expected, "quad_ap50": expected})


def detections(quads, scores):
    quads = np.asarray(quads, np.float32)
    return Detections(
        envelopes(quads), quads, np.asarray(scores, np.float32), np.zeros(len(quads), np.int64)
    )


@pytest.mark.parametrize(
    ("role", "file"), [("student", "student.safetensors"), ("teacher", "teacher.safetensors")]
)
def test_shipped_checkpoint_finds_formulas(role, file):
    """On 24 pages of the test set: well above the bar, with room for so few pages."""
    model = build(role)
    load_weights(model, DETECTOR / file)
    pages = [fit(page) for page in load_pages(DETECTOR / "testset", None)[::42]]
    found = detect(model, [page.image for page in pages])
    assert measure(found, [page.quads for page in pages])["ap50"] >= 0.85
    assert all(len(page.scores) <= DECODE_RULE.max_detections for page in found)


def test_student_file_is_within_its_size():
    assert (DETECTOR / "student.safetensors").stat().st_size <= 6_500_000


def test_split_without_annotations_is_named(tmp_path):
    with pytest.raises(DataError, match=r"no usable annotations\.json"):
        load_pages(tmp_path)


def test_the_spec_says_what_the_network_takes_and_gives():
    """The recipe reads both rules from it; the network's own constants must agree."""
    assert SPEC.image.shape == (1, 3, INPUT_SIZE, INPUT_SIZE)
    assert DECODE_RULE.strides == STRIDES
    assert tuple(f"{kind}_s{s}" for s in STRIDES for kind in ("scores", "corners")) == OUTPUT_NAMES


def test_pages_are_made_once_and_again_when_another_count_is_asked_for(tmp_path):
    first = ensure_split(tmp_path / "data", "validation", 2)
    written = (first / "annotations.json").stat().st_mtime_ns
    assert ensure_split(tmp_path / "data", "validation", 2) == first
    assert (first / "annotations.json").stat().st_mtime_ns == written
    more = ensure_split(tmp_path / "data", "validation", 3)
    assert [len(load_pages(folder)) for folder in (first, more)] == [2, 3]


@pytest.mark.parametrize(
    ("what", "other"),
    [("package_code", Code({"another.py": "5a" * 32}, {})), ("library_version", "0.0.1")],
    ids=["generator", "library"],
)
def test_another_generator_or_library_asks_for_other_pages(tmp_path, monkeypatch, what, other):
    before = split_folder(tmp_path, "train", 6000)
    monkeypatch.setattr(split, what, lambda name: other)
    assert split_folder(tmp_path, "train", 6000) != before


def test_training_normalises_as_calibration_and_the_app_do():
    pixels = np.random.default_rng(0).integers(0, 256, (4, 6, 3)).astype(np.uint8)
    ours = normalise(torch.from_numpy(pixels.transpose(2, 0, 1)[None].copy()))
    np.testing.assert_array_equal(ours[0].numpy(), images.normalise(pixels, IMAGE_RULE))
