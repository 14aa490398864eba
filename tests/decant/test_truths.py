"""Truths whose parts are of other kinds than a task takes are told with the sample."""

import numpy as np
import pytest
import torch

from decant.contract.decode import QuadGridRule, YoloRule
from decant.datasets.source import read_truth
from decant.errors import DataError
from decant.tasks import make_task
from decant.tasks.detection import DetectionSection
from decant.tasks.embedding import EmbeddingSection
from decant.tasks.keypoints import KeypointsSection
from decant.tasks.quad_detection import QuadDetectionSection

POINTS = np.zeros((2, 2))
QUAD = [[0, 0], [4, 0], [4, 2], [0, 2]]
KEYPOINTS = make_task(KeypointsSection(kind="keypoints", labels=("nose", "tail")))
BOXES = make_task(
    DetectionSection(kind="detection", labels=("cat", "dog"), decode=YoloRule(kind="yolo"))
)
QUADS = make_task(
    QuadDetectionSection(
        kind="quad_detection", labels=("formula",), decode=QuadGridRule(strides=(8,))
    )
)
SAME = make_task(EmbeddingSection(kind="embedding"))


@pytest.mark.parametrize(
    ("task", "fields"),
    [
        (KEYPOINTS, {"points": {"nose": 1}}),
        (KEYPOINTS, {"points": POINTS, "visible": {"nose": 1}}),
        (KEYPOINTS, {"points": POINTS, "area": [4]}),
        (KEYPOINTS, {"points": POINTS, "area": "large"}),
        (KEYPOINTS, {"points": torch.zeros(2, 2, requires_grad=True)}),
        (KEYPOINTS, {"objects": 3}),
        (KEYPOINTS, {"objects": [3]}),
        (BOXES, {"boxes": None, "labels": ["cat"]}),
        (BOXES, {"boxes": True, "labels": ["cat"]}),
        (BOXES, {"boxes": [[0, 0, 1, 1]], "labels": 3}),
        (BOXES, {"boxes": [[0, 0, 1, 1]], "labels": None}),
        (BOXES, {"objects": 3}),
        (QUADS, {"quads": [QUAD], "labels": 3}),
        (QUADS, {"quads": {"a": 1}}),
        (QUADS, {"quads": [[[0, 0], [4, 2], [4, 0], [0, 2]]]}),
        (QUADS, {"quads": np.full((1, 4, 2), np.nan)}),
        (QUADS, {"quads": np.full((1, 4, 2), np.inf)}),
        (QUADS, {"quads": [[0, 0, 1, 1], [0, 0, 1, 1]]}),
        (SAME, {"label": "a", "partners": 3}),
        (SAME, {"label": "a", "partners": True}),
    ],
)
def test_a_truth_of_another_kind_is_told_with_its_sample(task, fields):
    with pytest.raises(DataError, match=r"^row 7: "):
        read_truth(task, fields, "row 7")


def test_corners_of_quads_may_lie_in_one_row():
    flat = read_truth(QUADS, {"quads": np.reshape(QUAD, (1, 8))}, "row 7")
    assert flat.quads.tolist() == [QUAD]
    assert read_truth(QUADS, {"quads": []}, "row 7").quads.shape == (0, 4, 2)


@pytest.mark.parametrize(("area", "found"), [(None, 6.0), ("", 6.0), (9, 9.0), ("9", 9.0)])
def test_an_area_that_is_left_out_is_that_around_the_points(area, found):
    fields = {"points": [[1, 1], [3, 4]], "area": area}
    assert read_truth(KEYPOINTS, fields, "row 7").area == found
