"""F1 of classifiers, and several labels at once: against scikit-learn's, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from detection_cases import no_image
from pydantic import ValidationError
from sklearn import metrics

from decant.errors import DataError
from decant.samples import Sample
from decant.tasks import make_task
from decant.tasks.classification import Classification, ClassificationSection
from decant.tasks.multi_label import MultiLabel

LABELS = tuple("abcdefg")
ONE = Classification(LABELS)
SEVERAL = MultiLabel(LABELS, threshold=0.4, activation="none")
COUNT = 90


def evidence_of(task, said, true):
    samples = [Sample(str(i), truth, frozenset(), no_image) for i, truth in enumerate(true)]
    return task.evidence(list(said), samples)


def first(figures):
    return {name: each[0] for name, each in figures.items()}


def resamples(seed, count):
    """Draw some resamples; the last hold few samples, so that labels are missing in them."""
    random = np.random.default_rng(seed)
    whole = random.multinomial(COUNT, [1 / COUNT] * COUNT, count)
    return np.concatenate((whole, random.multinomial(4, [1 / COUNT] * COUNT, count)))


def singles(seed):
    """Draw answers of a classifier; "g" neither occurs nor is named."""
    random = np.random.default_rng(seed)
    true = random.integers(0, 6, COUNT)
    scores = random.normal(size=(COUNT, 7)).astype(np.float32)
    scores[np.arange(COUNT), true] += 1
    scores[:, 6] = -9
    return scores, true


@pytest.mark.parametrize("seed", range(3))
def test_macro_f1_is_scikit_learns_on_every_resample(seed):
    scores, true = singles(seed)
    weights = resamples(seed, 15)
    found = ONE.figures(evidence_of(ONE, scores, true), weights)["macro_f1"]
    for drawn, figure in zip(weights, found, strict=True):
        said = np.repeat(scores.argmax(1), drawn)
        expected = metrics.f1_score(np.repeat(true, drawn), said, average="macro")
        assert figure == pytest.approx(expected)


def test_f1_of_each_label_is_scikit_learns():
    scores, true = singles(4)
    found = ONE.per_label(evidence_of(ONE, scores, true))["f1"]
    expected = metrics.f1_score(true, scores.argmax(1), average=None, labels=range(6))
    np.testing.assert_allclose(found, [*expected, np.nan])


def several(seed):
    """Draw scores in steps, so that many are equal; "g" neither occurs nor is named."""
    random = np.random.default_rng(seed)
    true = random.random((COUNT, 7)) < [0.5, 0.3, 0.3, 0.2, 0.1, 0.1, 0]
    scores = np.clip(random.normal(0.3, 0.2, (COUNT, 7)) + 0.2 * true, 0, 1)
    scores[:, 6] *= 0.3
    return np.round(scores, 1).astype(np.float32), true


def library(scores, true):
    said = scores >= 0.4
    kept = true.any(0)
    nan = {"zero_division": np.nan}
    return {
        "macro_f1": metrics.f1_score(true, said, average="macro", **nan),
        "micro_f1": metrics.f1_score(true, said, average="micro", **nan),
        "exact_match": metrics.accuracy_score(true, said),
        "map": metrics.average_precision_score(true[:, kept], scores[:, kept]),
    }


@pytest.mark.parametrize("seed", range(3))
def test_figures_of_several_labels_are_scikit_learns(seed):
    scores, true = several(seed)
    found = SEVERAL.figures(evidence_of(SEVERAL, scores, true))
    assert first(found) == pytest.approx(library(scores, true))


def test_a_resample_is_the_set_with_samples_repeated():
    scores, true = several(5)
    weights = resamples(5, 12)
    found = SEVERAL.figures(evidence_of(SEVERAL, scores, true), weights)
    for row, drawn in enumerate(weights):
        expected = library(np.repeat(scores, drawn, 0), np.repeat(true, drawn, 0))
        assert {name: each[row] for name, each in found.items()} == pytest.approx(expected)


def test_figures_of_each_label_are_scikit_learns():
    scores, true = several(6)
    found = SEVERAL.per_label(evidence_of(SEVERAL, scores, true))
    said = scores >= 0.4
    for index in range(6):
        pair = true[:, index], said[:, index]
        expected = {
            "f1": metrics.f1_score(*pair),
            "recall": metrics.recall_score(*pair),
            "precision": metrics.precision_score(*pair),
            "ap": metrics.average_precision_score(true[:, index], scores[:, index]),
        }
        assert {name: each[index] for name, each in found.items()} == pytest.approx(expected)
    assert all(np.isnan(each[6]) for each in found.values())
    assert found.keys() == SEVERAL.label_wording.figures.keys()


def test_samples_are_graded_by_the_f1_of_their_labels():
    true = np.array([[1, 1, 0], [0, 0, 0], [0, 0, 0], [1, 0, 0]], np.bool_)
    said = np.array([[1, 0, 0], [0, 0, 0], [0, 1, 0], [0, 1, 1]], np.float32)
    task = MultiLabel(("a", "b", "c"), 0.5, "none")
    grades = task.per_sample(evidence_of(task, said, true))
    np.testing.assert_allclose(grades, [2 / 3, 1, 0, 0])


def test_logits_become_scores():
    logits = np.float32([[0, 400, -400, 2, -2, 1, 0.1]])
    (scores,) = MultiLabel(LABELS).predict({"y": logits}, [None])
    np.testing.assert_allclose(
        scores, [0.5, 1, 0, 0.880797, 0.119203, 0.731059, 0.524979], atol=1e-6
    )


def test_labels_that_are_shown_have_their_scores():
    scores = np.float32([0.1, 0.41, 0, 0.9, 0.4, 0.3, 0.2])
    assert SEVERAL.draw_prediction(scores)[0].said == "d 0.90, b 0.41, e 0.40"
    assert SEVERAL.draw_truth(np.zeros(7, np.bool_))[0].said == "no label"


@pytest.mark.parametrize(
    ("given", "expected"),
    [(["c", "a"], [0, 2]), ([], []), (np.array([6, 0]), [0, 6])],
    ids=["names", "none", "numbers"],
)
def test_truth_of_several_labels_is_read(given, expected):
    assert np.flatnonzero(SEVERAL.read_truth({"labels": given})).tolist() == expected


@pytest.mark.parametrize(
    ("given", "message"),
    [
        pytest.param("a", "labels is 'a'; give a list of labels", id="text"),
        pytest.param(float("nan"), "labels is nan; give a list", id="nan"),
        pytest.param(["a", "z"], '"z" is not in task.labels', id="unknown"),
        pytest.param(["a", "b", 0], 'has the label "a" twice', id="twice"),
        pytest.param([7], r"the label 7 is out of range: task\.labels has 0 … 6", id="range"),
    ],
)
def test_what_is_no_truth_of_several_labels_is_refused(given, message):
    with pytest.raises(ValueError, match=message):
        SEVERAL.read_truth({"labels": given})


@pytest.mark.parametrize(
    ("labels", "given", "message"),
    [
        pytest.param(LABELS, "dd", 'the label "dd" is not in task.labels; is it "d"', id="near"),
        pytest.param(LABELS, -1, r"the label -1 is out of range", id="negative"),
        pytest.param(LABELS, True, "the label True is not in task", id="boolean"),
        pytest.param(("2", "0", "1"), 2, 'may be "2" of task.labels or the one at', id="which"),
    ],
)
def test_label_that_is_none_is_refused(labels, given, message):
    with pytest.raises(ValueError, match=message):
        Classification(labels).read_truth({"label": given})


def test_label_may_be_numbered_as_torch_does():
    assert ONE.read_truth({"label": np.int64(3)}) == 3
    assert Classification(("0", "1", "2")).read_truth({"label": 2}) == 2


def test_outputs_of_another_count_are_refused():
    with pytest.raises(DataError, match=r"'y' \[1, 6\] does not hold 7 scores"):
        SEVERAL.check_outputs({"y": (1, 6)})


def test_several_labels_have_a_metric_of_their_own():
    section = ClassificationSection(kind="classification", labels=LABELS, multi_label=True)
    assert section.metric == "macro_f1"
    assert make_task(section) == MultiLabel(LABELS)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        pytest.param({"threshold": 0.4}, "threshold is of several labels at once", id="threshold"),
        pytest.param({"multi_label": True, "metric": "top1"}, 'true = "top1" must be', id="top1"),
        pytest.param({"metric": "map"}, 'metric = "map" must be "top1", "top5"', id="map"),
        pytest.param({"labels": ("a",)}, "one label, which is always right", id="one label"),
    ],
)
def test_keys_that_do_not_fit_are_refused(keys, message):
    with pytest.raises(ValidationError, match=message):
        ClassificationSection(**{"kind": "classification", "labels": LABELS} | keys)
