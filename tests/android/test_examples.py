"""Kotlin answers the photos of the examples as Python does, over the real LiteRT."""

import numpy as np
import pytest
from example_bundle import EXAMPLES, write_bundle
from kotlin_jvm import litert_library

from decant.contract.predictor import Predictor
from decant.datasets import open_dataset
from decant.spec import load_spec

COUNT = 12
# A float file sums in another order where kernels differ.
SCORE_TOLERANCE = 1e-3
CORNER_TOLERANCE_PX = 0.05
pytestmark = pytest.mark.xdist_group("examples on Android")


@pytest.fixture(scope="module")
def answers(jvm, tmp_path_factory):
    """Answer photos of an example in both languages: pairs (Python's, Kotlin's)."""

    def run(kind):
        folder = tmp_path_factory.mktemp(kind)
        sidecar = write_bundle(kind, folder)
        predictor = Predictor(sidecar)
        with jvm.start("dev.decant.host.RunnerKt", litert_library(), sidecar.parent) as runner:
            pairs = []
            for photo in photos(load_spec(EXAMPLES / kind / "model.toml")):
                (folder / "photo.rgb").write_bytes(photo.tobytes())
                height, width, _ = photo.shape
                runner.ask({"file": str(folder / "photo.rgb"), "width": width, "height": height})
                pairs.append((predictor.predict(photo), runner.answer()["predictions"]))
            runner.finish()
        return pairs

    return run


def photos(spec):
    """Give the first photos of the offline test set."""
    dataset = open_dataset(spec.data.test, spec.open_task(), spec.folder, inputs=spec.signature)
    return [dataset[index].load()[spec.image.name] for index in range(COUNT)]


def test_objects_of_the_detector_are_pythons(answers):
    pairs = answers("detection")
    for expected, found in pairs:
        python = [each.model_dump() for each in expected]
        for some, others in ((python, found), (found, python)):
            for one in some:
                # One at the threshold may lie on either side of it.
                assert one["score"] < 0.1 or any(is_same(one, other) for other in others), one
    assert sum(len(expected) for expected, _ in pairs) >= COUNT


def is_same(one, other):
    apart = np.abs(np.subtract(one["quad"], other["quad"])).max()
    close = abs(one["score"] - other["score"]) <= SCORE_TOLERANCE and apart <= CORNER_TOLERANCE_PX
    return one["label"] == other["label"] and close


def test_shares_of_the_labels_are_pythons(answers):
    pairs = answers("segmentation")
    for expected, found in pairs:
        shares = {each["label"]: each["score"] for each in found}
        assert shares == pytest.approx({each.label: each.score for each in expected}, abs=0.01)
    assert {len(expected) for expected, _ in pairs} != {1}


def test_texts_are_pythons(answers):
    pairs = answers("sequence")
    for (expected,), (found,) in pairs:
        assert found["label"] == expected.label
        assert found["score"] == pytest.approx(expected.score, abs=SCORE_TOLERANCE)
    assert len({expected.label for (expected,), _ in pairs}) == COUNT
