"""Models unlike the detector: a classifier, and one that takes raw pixels and normalises them."""

import json

import numpy as np
import pytest
import tiny_classifier
import tiny_detector
from kotlin_jvm import litert_library
from stored_pictures import EXIF, stored

from decant.artifacts import sha256, write_json
from decant.contract.decode import QuadGridRule
from decant.contract.predictor import Predictor
from decant.contract.rules import ImageRule
from decant.contract.sidecar import ImageInput, Sidecar, Variant
from decant.runtime import describe

RANDOM = np.random.default_rng(3)


def camera_bundle(folder):
    """Write the tiny detector that takes uint8 pixels; returns the sidecar's path."""
    file = folder / "model.tflite"
    tiny_detector.write_float(file, camera=True)
    border = describe(file)
    inputs, outputs = (
        tuple(info.model_copy(update={"layout": "nhwc"}) for info in infos)
        for infos in (border.inputs, border.outputs)
    )
    variant = Variant(
        accelerator="cpu",
        name="float32",
        file=file.name,
        sha256=sha256(file),
        size_bytes=file.stat().st_size,
        tolerance={info.name: 1e-4 for info in outputs},
    )
    rule = ImageRule(
        height=tiny_detector.SIDE,
        width=tiny_detector.SIDE,
        colour="rgb",
        mean=tiny_detector.MEAN,
        std=tiny_detector.STD,
        resize="letterbox",
        padding=114,
        shrink="area",
    )
    sidecar = Sidecar(
        model="squares",
        variants=(variant,),
        inputs=inputs,
        outputs=outputs,
        image=ImageInput(name="image", rule=rule, normalised_by="file"),
        labels=("square",),
        decode=QuadGridRule(strides=(8,), nms_iou=0.2),
        golden=(),
    )
    write_json(folder / "model.json", sidecar.model_dump(mode="json"))
    return folder / "model.json"


def answers(jvm, bundle, photos):
    """Give what Kotlin finds in photos, each stored in another orientation."""
    with jvm.start("dev.decant.host.RunnerKt", litert_library(), bundle) as runner:
        for exif, photo in zip(EXIF, photos, strict=False):
            picture = stored(photo, exif)
            raw = bundle / "photo.rgb"
            raw.write_bytes(picture.tobytes())
            height, width, _ = picture.shape
            runner.ask({"file": str(raw), "width": width, "height": height, "exif": exif})
            yield runner.answer()["predictions"]
        runner.finish()


def test_classifier_ranks_as_python_does(jvm, tmp_path):
    predictor = Predictor(tiny_classifier.write_bundle(tmp_path))
    photos = RANDOM.integers(0, 256, (8, 37, 53, 3), np.uint8)
    photos[range(8), :, :, [0, 1, 2, 2, 1, 0, 1, 2]] |= 64
    best = set()
    for photo, found in zip(photos, answers(jvm, tmp_path, photos), strict=True):
        expected = predictor.predict(photo)[0]
        assert found[0]["label"] == expected.label
        scores = [each["score"] for each in found]
        assert scores[0] == pytest.approx(expected.score, abs=1e-6)
        assert scores == sorted(scores, reverse=True)
        # All three labels, whose scores are a softmax's.
        assert {each["label"] for each in found} == set(tiny_classifier.LABELS)
        assert sum(scores) == pytest.approx(1, abs=1e-5)
        best.add(expected.label)
    assert len(best) == 3


@pytest.mark.parametrize("rule", [None, {"kind": "heat_map", "of": 3}], ids=["none", "unknown"])
def test_what_has_no_decoder_is_run_and_not_answered(jvm, tmp_path, rule):
    sidecar = tiny_classifier.write_bundle(tmp_path)
    document = json.loads(sidecar.read_text())
    sidecar.write_text(json.dumps({**document, "decode": rule}))
    photos = RANDOM.integers(0, 256, (1, 37, 53, 3), np.uint8)
    assert [*answers(jvm, tmp_path, photos)] == [None]


def test_file_that_takes_raw_pixels_gives_pythons_boxes(jvm, tmp_path):
    predictor = Predictor(camera_bundle(tmp_path))
    photos = RANDOM.integers(0, 90, (8, 120, 90, 3), np.uint8)
    for number, photo in enumerate(photos):
        photo[20 + number : 50 + number, 30:60] = 255
    for photo, found in zip(photos, answers(jvm, tmp_path, photos), strict=True):
        expected = predictor.predict(photo)
        assert [each["label"] for each in found] == [each.label for each in expected] != []
        for one, other in zip(found, expected, strict=True):
            assert one["score"] == pytest.approx(other.score, abs=1e-5)
            np.testing.assert_allclose(one["quad"], other.quad, atol=1e-3)
