"""Kotlin and Python answer every photo of the offline test set with the same boxes.

A quarter of them where `make tflite` has not made the detector.
"""

import json
import math
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from detector_bundle import IS_WHOLE
from kotlin_jvm import litert_library
from stored_pictures import stored

from decant.artifacts import sha256
from decant.contract.images import load_image
from decant.contract.predictor import Predictor
from decant.metrics.overlap import box_overlaps, quad_overlaps

PHOTOS = Path("zoo/detector/testset/images")
# By the kind of the file, whichever the machine that built the bundle found fast enough to choose.
VARIANTS = {"cpu": ("static_int8", "model_int8.tflite"), "gpu": ("float16", "model_fp16.tflite")}
SAME_BOX = 0.999
# A float file sums in another order where threads or kernels differ; an int8 one may then round a
# logit to the neighbouring step.
SCORE_TOLERANCE = 1e-3
AT_THRESHOLD = 1e-3
# Both languages compute corners in float64 or float32 from the same offsets.
CORNER_TOLERANCE_PX = 0.01
# One worker compares, for both tests.
pytestmark = pytest.mark.xdist_group("agreement")
WHICH = {"cpu": "the int8 file", "gpu": "the float16 file"}


@dataclass
class Comparison:
    """What came out for one file.

    Attributes:
        unlike: Photos with a box that the other side lacks, far from the threshold.
        pairs: Number of corresponding boxes.
        at_threshold: Boxes whose score lies within 1e-3 of the threshold.
        logits_apart: Largest difference between the logits of corresponding boxes.
        scores_apart: The same for scores.
        corners_apart: The same for corners, in pixels of the photo.
        lowest_overlap: Intersection over union of the envelopes of corresponding boxes.
        lowest_quad_overlap: The same of the quads themselves, where they are convex.
        convex: Number of those.
    """

    photos: int = 0
    unlike: list[str] = field(default_factory=list)
    pairs: int = 0
    at_threshold: int = 0
    logits_apart: float = 0
    scores_apart: float = 0
    corners_apart: float = 0
    lowest_overlap: float = 1
    lowest_quad_overlap: float = 1
    convex: int = 0

    def add(self, name, python, kotlin, threshold):
        self.photos += 1
        pairs, alone = matched(python, kotlin)
        self.at_threshold += sum(abs(each.score - threshold) <= AT_THRESHOLD for each in python)
        if any(abs(each.score - threshold) > AT_THRESHOLD for each in alone):
            self.unlike.append(f"{name}: {len(python)} in Python, {len(kotlin)} in Kotlin")
        for one, other, overlap in pairs:
            self.pairs += 1
            apart = abs(logit(one.score) - logit(other.score))
            corners = np.abs(np.asarray(one.quad) - np.asarray(other.quad)).max()
            self.logits_apart = max(self.logits_apart, apart)
            self.scores_apart = max(self.scores_apart, abs(one.score - other.score))
            self.corners_apart = max(self.corners_apart, float(corners))
            self.lowest_overlap = min(self.lowest_overlap, overlap)
            if cv2.isContourConvex(np.asarray(one.quad, np.float32)):
                self.convex += 1
                overlap = quad_overlap(one.quad, other.quad)
                self.lowest_quad_overlap = min(self.lowest_quad_overlap, overlap)


@dataclass(frozen=True)
class Found:
    label: str
    score: float
    quad: tuple


def matched(python, kotlin):
    """Pair boxes of one label that are the same; give the pairs and what is left of both."""
    overlaps = box_overlaps(boxes(python), boxes(kotlin), np.zeros(len(kotlin), bool))
    pairs, left = [], list(range(len(kotlin)))
    alone = []
    for index, one in enumerate(python):
        same = [other for other in left if kotlin[other].label == one.label]
        best = max(same, key=lambda other: overlaps[index, other], default=None)
        if best is None or overlaps[index, best] < SAME_BOX:
            alone.append(one)
            continue
        left.remove(best)
        pairs.append((one, kotlin[best], float(overlaps[index, best])))
    return pairs, alone + [kotlin[other] for other in left]


def quad_overlap(one, other):
    found, truth = (np.asarray(quad)[np.newaxis] for quad in (other, one))
    return float(quad_overlaps(found, truth, np.zeros(1, bool))[0, 0])


def boxes(found):
    quads = np.asarray([each.quad for each in found], np.float64).reshape(-1, 4, 2)
    return np.concatenate((quads.min(1), quads.max(1)), 1)


def logit(score):
    return math.log(score / (1 - score))


def score_step(file, names):
    """Give the largest step between neighbouring logits of an int8 file's score outputs."""
    interpreter = Interpreter(str(file))
    outputs = {
        name: index
        for signature in interpreter._get_full_signature_list().values()
        for name, index in signature["outputs"].items()
    }
    makers = {op["outputs"][0]: op for op in interpreter._get_ops_details()}
    ops = [makers[outputs[name]] for name in names]
    assert {op["op_name"] for op in ops} == {"DEQUANTIZE"}
    details = {detail["index"]: detail for detail in interpreter.get_tensor_details()}
    return max(details[op["inputs"][0]]["quantization"][0] for op in ops)


@pytest.fixture(scope="module")
def named_files(bundle, tmp_path_factory):
    """Give a bundle whose variants are the files that VARIANTS names."""
    folder = tmp_path_factory.mktemp("named")
    document = json.loads((bundle / "model.json").read_text())
    for variant in document["variants"]:
        variant["name"], file = VARIANTS[variant["accelerator"]]
        (folder / file).symlink_to((bundle / file).resolve())
        variant.update(
            file=file, sha256=sha256(bundle / file), size_bytes=(bundle / file).stat().st_size
        )
    (folder / "golden").symlink_to((bundle / "golden").resolve())
    (folder / "model.json").write_text(json.dumps(document))
    return folder


@pytest.fixture(scope="module")
def comparisons(named_files, jvm, tmp_path_factory, request):
    """Answer each photo in both languages with both files; stored in all eight orientations."""
    sidecar = named_files / "model.json"
    predictors = {variant: Predictor(sidecar, variant) for variant in VARIANTS}
    raw = tmp_path_factory.mktemp("photos") / "photo.rgb"
    # What CI compares whole is compared in part where there is a bundle for these tests only.
    every = 1 if IS_WHOLE else 4
    photos = sorted(PHOTOS.iterdir())[::every][: request.config.getoption("photos")]
    assert photos
    runners = {
        variant: jvm.start("dev.decant.host.RunnerKt", litert_library(), named_files, variant)
        for variant in VARIANTS
    }
    found = {variant: Comparison() for variant in VARIANTS}
    for number, path in enumerate(photos):
        photo = load_image(path)
        exif = number % 8 + 1
        ask(runners.values(), stored(photo, exif), exif, raw)
        for variant, predictor in predictors.items():
            python = predictor.predict(photo)
            kotlin = [Found(**each) for each in runners[variant].answer()["predictions"]]
            threshold = predictor.sidecar.decode.score_threshold
            found[variant].add(path.name, python, kotlin, threshold)
    for runner in runners.values():
        with runner:
            runner.finish()
    return found


def ask(runners, picture, exif, raw):
    height, width, _ = picture.shape
    raw.write_bytes(picture.tobytes())
    for runner in runners:
        runner.ask({"file": str(raw), "width": width, "height": height, "exif": exif})


@pytest.mark.parametrize("variant", VARIANTS)
def test_kotlin_finds_pythons_boxes(comparisons, variant, named_files, say):
    found = comparisons[variant]
    say(
        f"{WHICH[variant]}: {found.photos} photos, {len(found.unlike)} of them with other boxes; "
        f"{found.pairs} boxes in both, {found.at_threshold} within 0.001 of the threshold; "
        f"at most apart: score {found.scores_apart:.1e}, logit {found.logits_apart:.1e}, corner "
        f"{found.corners_apart:.1e} px; IoU of boxes from {found.lowest_overlap:.6f}, of quads "
        f"(the {found.convex} convex) from {found.lowest_quad_overlap:.6f}"
    )
    assert found.unlike == []
    assert found.pairs >= found.photos
    assert found.corners_apart <= CORNER_TOLERANCE_PX
    assert found.convex > found.pairs / 2
    assert found.lowest_quad_overlap >= SAME_BOX
    if variant == "cpu":
        sidecar = Predictor(named_files / "model.json").sidecar
        names = [f"scores_s{stride}" for stride in sidecar.decode.strides]
        step = score_step(named_files / sidecar.variant("cpu").file, names)
        say(f"allowed: one quantum of the scores, a logit of {step:.4f}")
        assert found.logits_apart <= step * 1.001
    else:
        assert found.scores_apart <= SCORE_TOLERANCE
