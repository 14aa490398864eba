"""A metric of the user's own grades samples with finite numbers, or is told."""

import numpy as np
import pytest

from decant.errors import SpecError
from decant.samples import Sample
from decant.tasks import make_task
from decant.tasks.classification import ClassificationSection
from decant.tasks.regression import RegressionSection

SCORES = {"y": np.asarray([[2.0, 0.0]], np.float32)}


def graded(folder, body, **keys):
    (folder / "own.py").write_text(f"import numpy as np\ndef margin(scores, label): {body}\n")
    section = ClassificationSection(
        kind="classification", labels=("cat", "dog"), metric="own.py:margin", **keys
    )
    return make_task(section, folder)


@pytest.mark.parametrize("better", ["higher", "lower"])
def test_the_metric_is_the_mean_of_the_grades(tmp_path, better):
    task = graded(tmp_path, "return scores[label] - scores[1 - label]", metric_better=better)
    samples = [Sample(f"{label}", label, frozenset(), dict) for label in (0, 1, 0)]
    (said,) = task.predict(SCORES, [None])
    evidence = task.evidence([said] * 3, samples)
    assert task.figures(evidence)["margin"] == pytest.approx([2 / 3])
    worst = task.per_sample(evidence).argmin()
    assert worst == (1 if better == "higher" else 0)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return 'high'", 'margin returned "high"; return a finite number'),
        ("return None", "margin returned None; return a finite number"),
        ("return np.ones(2)", r"margin returned an array \[2\] of float64; return a finite number"),
        ("return float('nan')", "margin returned nan; return a finite number"),
        ("return 10 ** 400", "margin returned 1000"),
        ("return 1 / 0", r"raised ZeroDivisionError: division by zero \(.*own.py:2\)"),
    ],
)
def test_what_is_no_grade_is_told(tmp_path, body, said):
    task = graded(tmp_path, body)
    (prediction,) = task.predict(SCORES, [None])
    with pytest.raises(SpecError, match=said):
        task.judge(prediction, 0)


def test_every_answer_is_the_task_s_own(tmp_path):
    task = graded(tmp_path, "return 0.5")
    own = task.task
    evidence = task.evidence(
        task.predict(SCORES, [None]), [Sample("a", 0, frozenset({"night"}), dict)]
    )
    assert task.labels == own.labels
    assert task.truth_fields == own.truth_fields
    assert task.rule == own.rule
    assert task.label_wording == own.label_wording
    assert task.truth_bytes(1) == own.truth_bytes(1)
    assert task.confusion(evidence).tolist() == [[1, 0], [0, 0]]
    assert task.label_counts(evidence).tolist() == [1, 0]
    assert task.per_label(evidence).keys() == own.per_label(evidence).keys()
    assert task.draw_truth(1) == own.draw_truth(1)


def test_a_function_that_computes_in_place_changes_nothing(tmp_path):
    (tmp_path / "own.py").write_text("def off(p, t): p -= t; return abs(p).mean()\n")
    section = RegressionSection(kind="regression", targets=("x",), metric="own.py:off")
    task = make_task(section, tmp_path)
    evidence = task.evidence(
        [np.asarray([3.0])], [Sample("a", np.asarray([1.0]), frozenset(), dict)]
    )
    assert task.figures(evidence)["mae"].tolist() == [2.0]
    assert task.figures(evidence)["off"].tolist() == [2.0]


def test_a_function_with_the_name_of_another_metric_is_refused(tmp_path):
    (tmp_path / "own.py").write_text("def top1(scores, label): return 1.0\n")
    section = ClassificationSection(
        kind="classification", labels=("cat", "dog"), metric="own.py:top1"
    )
    with pytest.raises(SpecError, match='the kind has a metric "top1" of its own'):
        make_task(section, tmp_path)
