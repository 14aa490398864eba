"""A task of the user's own: every mistake in it is said with its method, and its line."""

import numpy as np
import pytest

from decant.datasets.source import read_truth
from decant.errors import DataError, SpecError
from decant.samples import Sample
from decant.tasks import Task, make_task
from decant.tasks.checked import Checked
from decant.tasks.custom import CustomSection
from decant.tasks.graded import Graded

RIGHT = '''
import numpy as np
from decant.contract.decode import DecodeRule
from decant.errors import DataError
from decant.tasks import Mark, Metric, Task


class Sign(Task):
    """Whether a number's sign is told right."""

    @property
    def labels(self):
        return ("minus", "plus")

    @property
    def metrics(self):
        return (Metric("exact", "share that is right"),)

    @property
    def truth_fields(self):
        return ("label",)

    def read_truth(self, fields):
        return int(fields["label"])

    def predict(self, outputs, placements):
        (scores,) = outputs.values()
        return [int(row[0] > 0) for row in scores]

    def judge(self, prediction, truth):
        return {"right": np.asarray(prediction == truth), "truth": np.asarray(truth)}

    def figures(self, evidence, weights=None):
        right = evidence.arrays["right"]
        drawn = np.ones((1, len(right)), np.int64) if weights is None else weights
        return {"exact": drawn @ right / drawn.sum(1)}

    def per_sample(self, evidence):
        return evidence.arrays["right"]

    def label_counts(self, evidence):
        return np.bincount(evidence.arrays["truth"], minlength=2)

    def draw_truth(self, truth):
        return (Mark(text=str(truth)),)

    def draw_prediction(self, prediction):
        return [Mark(text=str(prediction))]


class Wrong(Sign):
    MISTAKE
'''
SAMPLES = [Sample(f"{i}", i % 2, frozenset(), dict) for i in range(4)]
OUTPUTS = {"y": np.asarray([[-1.0], [2.0], [1.0], [1.0]], np.float32)}
RAISES = 'raise KeyError("which")'


def opened(folder, method="pass"):
    (folder / "wrong.py").write_text(RIGHT.replace("MISTAKE", method))
    section = CustomSection(kind="custom", factory="wrong.py:Wrong", metric="exact")
    return make_task(section, folder)


def everything(task):
    """All that is asked of a task between a data set and its report."""
    for label in ("0", "1"):
        read_truth(task, {"label": label}, "sample 7")
    found = task.predict(OUTPUTS, [None] * 4)
    outcomes = [task.judge(*pair) for pair in zip(found, (s.truth for s in SAMPLES), strict=True)]
    evidence = task.gather(outcomes, SAMPLES)
    figures = task.figures(evidence, np.ones((5, 4), np.int64))
    whole = task.figures(evidence)
    task.library_figures(outcomes)
    task.label_counts(evidence)
    task.per_label(evidence)
    task.confusion(evidence)
    task.check_outputs({"y": (1, 1)})
    task.truth_bytes(1)
    return (
        figures["exact"],
        whole["exact"],
        task.per_sample(evidence),
        task.draw_truth(1) + task.draw_prediction(found[0]),
    )


def test_a_right_task_is_what_it_was(tmp_path):
    figures, whole, grades, marks = everything(opened(tmp_path))
    assert figures.tolist() == [0.75] * 5
    assert whole.tolist() == [0.75]
    assert grades.tolist() == [1, 1, 0, 1]
    assert [mark.text for mark in marks] == ["1", "0"]


METHODS = {
    "read_truth": "self, fields",
    "truth_bytes": "self, truth",
    "check_outputs": "self, shapes, image=None",
    "predict": "self, outputs, placements",
    "judge": "self, prediction, truth",
    "gather": "self, outcomes, samples",
    "figures": "self, evidence, weights=None",
    "per_sample": "self, evidence",
    "library_figures": "self, outcomes",
    "label_counts": "self, evidence",
    "per_label": "self, evidence",
    "confusion": "self, evidence",
    "draw_truth": "self, truth",
    "draw_prediction": "self, prediction",
}


def method(name, body):
    return f"def {name}({METHODS[name]}): {body}"


@pytest.mark.parametrize("name", METHODS)
def test_what_raises_is_named_with_its_line(tmp_path, name):
    task = opened(tmp_path, method(name, RAISES))
    line = RIGHT[: RIGHT.index("MISTAKE")].count("\n") + 1
    with pytest.raises(SpecError) as refused:
        everything(task)
    assert f"Wrong.{name} raised KeyError: 'which' (" in str(refused.value)
    assert f"wrong.py:{line})" in str(refused.value)
    if name == "read_truth":
        assert str(refused.value).startswith("sample 7: ")


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        ("predict", "None", "gives None; give a list, one prediction per sample"),
        ("predict", "3", "gives something of type int"),
        ("predict", "'abcd'", "gives something of type str"),
        ("predict", "[1, 2]", "gives 2 predictions for 4 samples"),
        ("judge", "[1, 2]", "gives something of type list; give a dictionary"),
        ("judge", "None", "gives None"),
        ("judge", "{'right': [[1], [1, 2]]}", '"right" as something of type list'),
        ("judge", "{'right': object()}", '"right" as something of type object'),
        ("library_figures", "None", "gives None; give a dictionary"),
        ("label_counts", "[np.nan, 0.5]", "gives parts of a whole, or less than none"),
        ("gather", "super().gather(outcomes, samples[::-1])", "gives other ids"),
        ("judge", "{'right': None}", '"right" as None'),
        ("judge", "{'right': np.ones(1 + truth)}", "of shapes {'right': (2,)}"),
        ("judge", "{'right' if truth else 'wrong': np.ones(1)}", "but of the first sample"),
        ("gather", "None", "gives None"),
        ("figures", "0.5", "gives something of type float; give a dictionary"),
        ("figures", "None", "gives None"),
        ("figures", "'exact'", "gives something of type str"),
        ("figures", "{}", "gives no exact"),
        ("figures", "{'exact': 0.5}", '"exact" of shape []; give [5], one per resample'),
        ("figures", "{'exact': np.ones((5, 4))}", '"exact" of shape [5, 4]'),
        ("figures", "{'exact': 'high'}", '"exact" as something of type str'),
        ("per_sample", "np.ones(3)", "of shape [3]; give [4], one per sample"),
        ("per_sample", "1.0", "of shape []"),
        ("per_sample", "None", "as None"),
        ("library_figures", "{'exact': 'high'}", '"exact" as something of type str of <U4'),
        ("label_counts", "np.ones(3)", "give [2], one per label"),
        ("per_label", "{'f1': [1.0]}", '"f1" of shape [1]'),
        ("per_label", "[1.0]", "gives something of type list"),
        ("confusion", "np.ones((3, 3))", "give [2, 2]"),
        ("confusion", "np.eye(2)", "gives rows that do not sum to label_counts"),
        ("label_counts", "[-1, 5]", "less than none"),
        ("library_figures", "{'other': 0.5}", 'gives "other"'),
        ("draw_truth", "'one'", "gives something of type str; give a tuple of Marks"),
        ("draw_prediction", "('one',)", "gives something of type tuple; give a tuple of Marks"),
        ("truth_bytes", "'one'", "gives something of type str; give bytes"),
    ],
)
def test_a_wrong_answer_is_named(tmp_path, name, given, said):
    task = opened(tmp_path, method(name, f"return {given}"))
    with pytest.raises(SpecError) as refused:
        everything(task)
    assert name in str(refused.value)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        ("truth_fields", '"label"', "truth_fields gives something of type str; give tuple or list"),
        ("truth_fields", "()", "truth_fields gives nothing"),
        ("truth_fields", "(1,)", "a tuple with something of type int"),
        ("metrics", "()", "metrics gives nothing"),
        ("metrics", "None", "metrics gives None"),
        ("metrics", "(None,)", "a tuple with None; give Metrics"),
        ("metrics", '(Metric("exact", "", better="sideways"),)', "better = 'sideways'"),
        ("metrics", '(Metric(None, "none"),)', "a name None"),
        ("metrics", '2 * (Metric("exact", ""),)', '"exact" twice'),
        ("metrics", '(Metric("other", ""),)', "measures other"),
        ("labels", "None", "labels gives None"),
        ("labels", '("a", "a")', '"a" twice'),
        ("labels", "(1, 2)", "a tuple with something of type int"),
        ("metrics", '(Metric("exact", "", unit=3),)', "gives a unit 3"),
        ("display_threshold", 'float("nan")', "display_threshold gives nan"),
        ("rule", '"softmax"', "rule gives something of type str; give DecodeRule or None"),
        ("display_threshold", '"half"', "display_threshold gives something of type str"),
        ("label_wording", "None", "label_wording gives None"),
        ("metrics", "1 / 0", "metrics raised ZeroDivisionError"),
    ],
)
def test_a_wrong_property_is_named_when_the_task_is_opened(tmp_path, name, given, said):
    with pytest.raises(SpecError) as refused:
        opened(tmp_path, f"@property\n    def {name}(self): return {given}")
    assert said in str(refused.value)


def test_a_value_error_of_a_truth_names_the_sample(tmp_path):
    task = opened(tmp_path, method("read_truth", 'raise ValueError("no such label; mend it")'))
    with pytest.raises(DataError, match=r"^sample 7: no such label; mend it$"):
        read_truth(task, {"label": "0"}, "sample 7")


def test_a_refusal_of_outputs_is_passed_on(tmp_path):
    task = opened(tmp_path, method("check_outputs", 'raise DataError("one column too many")'))
    with pytest.raises(DataError, match=r"^one column too many$"):
        task.check_outputs({"y": (1, 2)})


@pytest.mark.parametrize("kind", [Checked, Graded])
def test_every_method_is_passed_on(kind):
    public = {name for name in vars(Task) if not name.startswith("_")}
    # Made of the other methods.
    assert public - vars(kind).keys() == {"evidence"}
