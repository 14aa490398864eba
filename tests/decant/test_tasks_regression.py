"""The task `regression`: errors against scikit-learn's, resamples, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from detection_cases import no_image
from pydantic import ValidationError
from sklearn import metrics

from decant.errors import DataError
from decant.samples import Sample
from decant.tasks import make_task
from decant.tasks.regression import Regression, RegressionSection

PAIR = Regression(("height", "weight"), "cm")
ONE = Regression()


def evidence_of(task, said, true):
    samples = [Sample(str(i), truth, frozenset(), no_image) for i, truth in enumerate(true)]
    return task.evidence(list(said), samples)


def library(said, true):
    return {
        "mae": metrics.mean_absolute_error(true, said),
        "rmse": metrics.root_mean_squared_error(true, said),
        "r2": metrics.r2_score(true, said),
    }


def numbers(seed, targets, offset=0.0):
    rng = np.random.default_rng(seed)
    true = rng.normal(offset, 3, (57, targets)) * np.arange(1, targets + 1)
    return true + rng.normal(0.4, 1, true.shape), true


# Sums of 57 float64 numbers near 1 (squares of them near 1e6 before they are centred).
@pytest.mark.parametrize(("targets", "offset"), [(1, 0), (2, 0), (2, 1e6)], ids=str)
def test_figures_are_scikit_learns(targets, offset):
    said, true = numbers(1, targets, offset)
    task = Regression(tuple("abc"[:targets]))
    found = task.figures(evidence_of(task, said, true))
    assert {name: each[0] for name, each in found.items()} == pytest.approx(
        library(said, true), rel=1e-9
    )


def test_a_resample_is_the_set_with_samples_repeated():
    said, true = numbers(2, 2)
    weights = np.random.default_rng(3).multinomial(57, [1 / 57] * 57, 20)
    found = PAIR.figures(evidence_of(PAIR, said, true), weights)
    for row, drawn in enumerate(weights):
        expected = library(np.repeat(said, drawn, 0), np.repeat(true, drawn, 0))
        assert {name: each[row] for name, each in found.items()} == pytest.approx(expected)


@pytest.mark.parametrize("truth", [0.1, 2000.7], ids=str)
def test_r2_is_undefined_where_nothing_varies(truth):
    said, true = np.array([[1.0], [2], [3]]), np.array([[truth], [truth], [5]])
    found = ONE.figures(evidence_of(ONE, said, true), np.array([[1, 1, 1], [2, 5, 0], [0, 0, 0]]))
    np.testing.assert_array_equal(np.isnan(found["r2"]), [False, True, True])
    np.testing.assert_array_equal(np.isnan(found["mae"]), [False, False, True])


def test_each_target_is_judged_by_itself():
    said, true = numbers(4, 2)
    evidence = evidence_of(PAIR, said, true)
    for index in range(2):
        expected = library(said[:, index], true[:, index])
        found = {name: each[index] for name, each in PAIR.per_label(evidence).items()}
        assert found == pytest.approx(expected)
    assert PAIR.label_counts(evidence).tolist() == [57, 57]
    assert PAIR.per_label(evidence).keys() == PAIR.label_wording.figures.keys()


def test_errors_are_in_the_unit_and_lower_is_better():
    found = {each.name: (each.unit, each.better) for each in PAIR.metrics}
    assert found == {
        "mae": ("cm", "lower"),
        "rmse": ("cm", "lower"),
        "r2": ("fraction", "higher"),
    }


def test_samples_are_graded_by_their_error():
    true = np.array([[0.0], [2.0], [4.0]])
    grades = ONE.per_sample(evidence_of(ONE, np.add(true, [[0], [-1], [8]]), true))
    spread = np.std([0, 2, 4])
    np.testing.assert_allclose(grades, [1, 1 / (1 + 1 / spread), 1 / (1 + 8 / spread)])


@pytest.mark.parametrize(
    ("task", "given", "expected"),
    [
        pytest.param(ONE, 3, [3], id="number"),
        pytest.param(ONE, "3.5", [3.5], id="text of a table"),
        pytest.param(ONE, [2.0], [2], id="list of one"),
        pytest.param(PAIR, np.float32([1, 2]), [1, 2], id="array"),
        pytest.param(PAIR, {"weight": 2, "height": 1, "age": 7}, [1, 2], id="by name"),
    ],
)
def test_truth_is_read(task, given, expected):
    assert task.read_truth({"target": given}).tolist() == expected


@pytest.mark.parametrize(
    ("task", "given", "message"),
    [
        pytest.param(ONE, float("nan"), '"value" is nan; give a finite', id="nan"),
        pytest.param(ONE, "tall", '"value" is "tall"; give a finite number', id="text"),
        pytest.param(ONE, None, '"value" is None', id="nothing"),
        pytest.param(PAIR, [1, np.inf], '"weight" is inf', id="infinite"),
        pytest.param(PAIR, 1.0, "has 1 numbers for the 2 of task.targets", id="too few"),
        pytest.param(PAIR, [1, 2, 3], r"has 3 .* \(height, weight\); give one", id="too many"),
        pytest.param(PAIR, {"height": 1}, 'no number for the target "weight"', id="missing"),
    ],
)
def test_what_is_no_truth_is_refused(task, given, message):
    with pytest.raises(ValueError, match=message):
        task.read_truth({"target": given})


@pytest.mark.parametrize(
    "outputs",
    [
        pytest.param({"out": [[1, 2], [3, 4], [5, 6]]}, id="one output"),
        pytest.param({"out": [[[[1]], [[2]]], [[[3]], [[4]]], [[[5]], [[6]]]]}, id="ones after"),
        pytest.param({"weight": [[2], [4], [6]], "height": [1, 3, 5]}, id="an output per target"),
    ],
)
def test_outputs_are_decoded(outputs):
    arrays = {name: np.float32(each) for name, each in outputs.items()}
    found = PAIR.predict(arrays, [None] * 3)
    np.testing.assert_array_equal(found, [[1, 2], [3, 4], [5, 6]])


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        pytest.param({"y": (1, 3)}, r"'y' \[1, 3\] does not hold 2 numbers", id="three"),
        pytest.param({"y": (None, 2, 4)}, "does not hold 2 numbers", id="a map"),
        pytest.param({"a": (1, 1), "b": (1, 1)}, r"the outputs \['a', 'b'\]; give one", id="names"),
        pytest.param({"height": (1, 1), "weight": (1, 2)}, "hold 1 numbers", id="two of one"),
    ],
)
def test_other_outputs_are_refused(shapes, message):
    with pytest.raises(DataError, match=message):
        PAIR.check_outputs(shapes)


@pytest.mark.parametrize(
    ("value", "text"),
    [(3.21, "3.210 cm"), (-1234567.8, "-1234568 cm"), (0, "0.000 cm"), (2e-9, "0.000000 cm")],
)
def test_numbers_are_written_with_their_unit(value, text):
    (mark,) = Regression(("x",), "cm").draw_prediction(np.array([value]))
    assert mark.said == text


def test_several_numbers_are_written_with_their_names():
    (mark,) = PAIR.draw_truth(np.array([171.25, 68.0]))
    assert mark.said == "height 171.2 cm, weight 68.00 cm"


def test_metric_is_one_of_its_own():
    assert make_task(RegressionSection(kind="regression")).targets == ("value",)
    with pytest.raises(ValidationError, match='must be "mae", "rmse", "r2" or, of your own'):
        RegressionSection(kind="regression", metric="mse")
