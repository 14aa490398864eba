"""The task `embedding`: pairs and retrieval against scikit-learn's, on resamples of samples."""

from __future__ import annotations

import time
from itertools import combinations

import numpy as np
import pytest
from detection_cases import no_image
from pydantic import ValidationError
from scipy.optimize import brentq
from sklearn.metrics import pairwise, roc_auc_score, roc_curve

from decant.errors import DataError
from decant.metrics import pairs as pair_metrics
from decant.samples import Sample
from decant.tasks import Evidence, make_task
from decant.tasks.embedding import Embedding, EmbeddingSection, Identity

TASK = Embedding()
ALIKE = {
    "cosine": pairwise.cosine_similarity,
    "dot": pairwise.linear_kernel,
    "euclidean": lambda vectors: -pairwise.euclidean_distances(vectors, squared=True),
}


def vectors_of(seed, count=40, people=8):
    """Draw vectors in steps, so that similarities are equal now and then."""
    random = np.random.default_rng(seed)
    names = random.integers(0, people, count)
    centres = random.normal(size=(people, 6))
    vectors = centres[names] + random.normal(0, 1.2, (count, 6))
    return np.round(2 * vectors).astype(np.float32) / 2, names


def evidence_of(task, vectors, names, partners=None):
    partners = partners or [()] * len(names)
    truths = [
        Identity(str(name), tuple(those)) for name, those in zip(names, partners, strict=True)
    ]
    samples = [Sample(str(i), truth, frozenset(), no_image) for i, truth in enumerate(truths)]
    return task.evidence(list(vectors), samples)


def equal_error(same, scores):
    wrong, right, _ = roc_curve(same, scores, drop_intermediate=False)
    return brentq(lambda share: 1 - share - np.interp(share, wrong, right), 0, 1)


def library(alike, names, drawn, listed=None):
    """Judge a resample by writing out every copy of every sample."""
    copies = np.repeat(np.arange(len(names)), drawn)
    met = [(i, j) for i, j in combinations(copies, 2) if i != j]
    if listed is not None:
        met = [pair for pair in met if tuple(sorted(pair)) in listed]
    first, second = np.array(met).T
    same, scores = names[first] == names[second], alike[first, second]
    return {
        "roc_auc": roc_auc_score(same, scores),
        "eer": equal_error(same, scores),
        "recall_at_1": recall(alike, names, copies, 1),
        "recall_at_5": recall(alike, names, copies, 5),
    }


def recall(alike, names, copies, places):
    found = []
    for query in copies:
        others = copies[copies != query]
        if (names[others] == names[query]).any():
            # Of equally near ones the stranger first.
            order = np.lexsort((names[others] == names[query], -alike[query, others]))
            found.append((names[others[order[:places]]] == names[query]).any())
    return np.mean(found)


@pytest.mark.parametrize("similarity", ALIKE)
def test_figures_are_scikit_learns(similarity):
    vectors, names = vectors_of(1)
    task = Embedding(similarity)
    found = task.figures(evidence_of(task, vectors, names))
    # Rounded, so that equal similarities are equal in either order of summing.
    alike = np.round(ALIKE[similarity](vectors.astype(np.float64)), 9)
    expected = library(alike, names, np.ones(40, int))
    assert {name: each[0] for name, each in found.items()} == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_a_resample_is_the_set_with_samples_repeated_and_no_copy_meeting_its_like(seed):
    vectors, names = vectors_of(seed)
    random = np.random.default_rng(seed)
    weights = random.multinomial(40, [1 / 40] * 40, 6)
    weights = np.concatenate((weights, random.multinomial(12, [1 / 40] * 40, 6)))
    task = Embedding("dot")
    found = task.figures(evidence_of(task, vectors, names), weights)
    alike = vectors.astype(np.float64) @ vectors.T
    for row, drawn in enumerate(weights):
        expected = library(alike, names, drawn)
        assert {name: each[row] for name, each in found.items()} == pytest.approx(expected)


def test_only_the_pairs_that_are_given_count():
    vectors, names = vectors_of(3)
    random = np.random.default_rng(3)
    partners = [[str(j) for j in random.choice(40, 5) if j != i] for i in range(40)]
    listed = {tuple(sorted((i, int(j)))) for i, those in enumerate(partners) for j in those}
    task = Embedding("dot")
    drawn = random.multinomial(40, [1 / 40] * 40)
    found = task.figures(evidence_of(task, vectors, names, partners), drawn[np.newaxis])
    expected = library(vectors.astype(np.float64) @ vectors.T, names, drawn, listed)
    assert {name: each[0] for name, each in found.items()} == pytest.approx(expected)


def test_what_a_resample_does_not_hold_is_undefined():
    vectors, names = vectors_of(4, 6, 2)
    names[:] = [0, 0, 0, 1, 1, 2]
    weights = np.array(
        [[1, 1, 1, 0, 0, 0], [1, 0, 0, 1, 0, 9], [0, 0, 0, 0, 0, 0], [5, 0, 0, 0, 0, 0]]
    )
    found = TASK.figures(evidence_of(TASK, vectors, names), weights)
    undefined = {name: np.isnan(each).tolist() for name, each in found.items()}
    assert undefined["roc_auc"] == undefined["eer"] == [True] * 4
    assert undefined["recall_at_1"] == undefined["recall_at_5"] == [False, True, True, True]


def test_a_model_that_tells_nothing_apart_finds_nothing():
    names = np.arange(20) % 4
    found = TASK.figures(evidence_of(TASK, np.ones((20, 3), np.float32), names))
    assert {name: each[0] for name, each in found.items()} == {
        "roc_auc": 0.5,
        "eer": 0.5,
        "recall_at_1": 0,
        "recall_at_5": 0,
    }


def test_neighbours_far_down_are_looked_at_too(monkeypatch):
    vectors, names = vectors_of(5)
    evidence = evidence_of(TASK, vectors, names)
    weights = np.random.default_rng(5).multinomial(40, [1 / 40] * 40, 20)
    before = TASK.figures(evidence, weights)
    monkeypatch.setattr(pair_metrics, "FIRST_LOOK", 1)
    after = TASK.figures(evidence, weights)
    np.testing.assert_array_equal(list(before.values()), list(after.values()))


def test_a_thousand_samples_are_resampled_in_seconds():
    """A hundred take a tenth of a thousand's time; the bound is several times what they need."""
    vectors, names = vectors_of(6, 1000, 100)
    evidence = evidence_of(TASK, vectors, names)
    weights = np.random.default_rng(6).multinomial(1000, [1e-3] * 1000, 100)
    started = time.process_time()
    TASK.figures(evidence, weights)
    assert time.process_time() - started < 6


def test_samples_are_graded_by_the_place_of_the_first_of_their_own():
    vectors = np.float32([[1, 0], [0.9, 0.1], [0.8, 0.3], [-1, 0.1], [0.9, 0.2]])
    names = ["a", "b", "a", "c", "b"]
    grades = TASK.per_sample(evidence_of(TASK, vectors, names))
    # From the first: b, b, a; from the third the same. "b" has its own nearest, "c" is alone.
    np.testing.assert_allclose(grades, [1 / 3, 1, 1 / 3, 1, 1])


def test_evidence_survives_its_file(tmp_path):
    vectors, names = vectors_of(7)
    evidence = evidence_of(TASK, vectors, names)
    evidence.save(tmp_path / "evidence.npz")
    found = TASK.figures(Evidence.load(tmp_path / "evidence.npz"))
    assert found == TASK.figures(evidence)


@pytest.mark.parametrize(
    ("fields", "truth"),
    [
        ({"identity": "ann"}, Identity("ann")),
        ({"identity": np.int64(7), "partners": ["x.png"]}, Identity("7", ("x.png",))),
        ({"identity": 7.0, "partners": None}, Identity("7")),
    ],
    ids=["name", "number", "column of floats"],
)
def test_truth_is_read(fields, truth):
    assert TASK.read_truth(fields) == truth


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        pytest.param({"partners": ["a"]}, "identity is None; give the name", id="missing"),
        pytest.param({"identity": float("nan")}, "identity is nan", id="nan"),
        pytest.param({"identity": ""}, "identity is ''", id="empty"),
        pytest.param({"identity": "a", "partners": "b"}, "partners is 'b'; give a list", id="text"),
        pytest.param({"identity": "a", "partners": [3]}, r"partners is \[3\]", id="number"),
    ],
)
def test_what_is_no_truth_is_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        TASK.read_truth(fields)


@pytest.mark.parametrize(
    ("names", "partners", "message"),
    [
        pytest.param("abc", None, "none of the 3 pairs is of one identity", id="all apart"),
        pytest.param("aaa", None, "none of the 3 pairs is of two identities", id="all one"),
        pytest.param("aab", [["1"], [], []], "none of the 1 pairs is of two", id="given"),
        pytest.param(
            "aab", [["9"], [], []], '"0": its partner "9" is in no data set', id="unknown"
        ),
        pytest.param("aab", [["0"], [], []], '"0": its partner "0" is itself', id="itself"),
    ],
)
def test_set_without_pairs_of_both_kinds_is_refused(names, partners, message):
    vectors = np.ones((3, 2), np.float32)
    with pytest.raises(DataError, match=message):
        evidence_of(TASK, vectors, list(names), partners)


def test_more_pairs_than_can_be_resampled_are_refused():
    with pytest.raises(
        DataError, match="2100 samples make 2,203,950 pairs, more than the 2,000,000"
    ):
        evidence_of(TASK, np.ones((2100, 2), np.float32), list(range(2100)))


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        pytest.param({"a": (1, 8), "b": (1, 8)}, r"outputs \['a', 'b'\]; return only", id="two"),
        pytest.param({"a": (1, 8, 4)}, r"'a' \[1, 8, 4\] is not \[N, D\]", id="a map"),
        pytest.param({"a": (None, 1)}, r"'a' \[None, 1\] is not", id="a number"),
    ],
)
def test_other_outputs_are_refused(shapes, message):
    with pytest.raises(DataError, match=message):
        TASK.check_outputs(shapes)


def test_vector_that_overflows_is_refused():
    with pytest.raises(DataError, match='output "a" is infinite'):
        TASK.predict({"a": np.float32([[1, np.inf]])}, [None])


def test_vectors_are_drawn_at_their_unit_length():
    (mark,) = TASK.draw_prediction(np.float32([3, 0, -4]))
    assert mark.curve == (0.6, 0, -0.8)
    assert TASK.draw_truth(Identity("ann"))[0].said == "ann"


def test_metric_is_one_of_its_own():
    assert make_task(EmbeddingSection(kind="embedding", similarity="dot")) == Embedding("dot")
    with pytest.raises(ValidationError, match='must be "roc_auc", "eer", "recall_at_1"'):
        EmbeddingSection(kind="embedding", metric="auc")
