"""A task of the user's own, held to what `Task` promises: each fault names its method."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..contract.decode import DecodeRule
from ..errors import SpecError
from ..user_code import user_code
from .evidence import Evidence
from .marks import Mark
from .task import LabelWording, Metric, Task

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from numpy.typing import NDArray

    from ..contract.decode.rule import Shapes
    from ..contract.images import Placement
    from ..samples import Sample
    from .task import Outcome, Outputs

NUMBERS, TEXTS = "biuf", "U"
"""Kinds of NumPy's dtypes that a figure may have; a statistic may be text as well."""
NO_ARRAY = (TypeError, ValueError, RuntimeError)
"""What NumPy and Torch raise on what they cannot make an array of."""


@dataclass(frozen=True)
class Checked(Task):
    """Another task, each of whose answers is checked before anything rests on it.

    Whatever the user's code raises, but a `DataError` or, where `Task` allows it, a `ValueError`,
    becomes a `SpecError` with its line.

    Attributes:
        task: The user's own.
    """

    task: Task

    def check(self) -> None:
        """Check what shows without a sample.

        Raises:
            SpecError: If a property raises, or is not what `Task` promises.
        """
        names = [each.name for each in self.metrics]
        for what, given in {"metrics": names, "labels": self.labels}.items():
            double = next((each for each, count in Counter(given).items() if count > 1), None)
            if double is not None:
                raise self._fault(what, f'"{double}" twice', "make each unique")
        if not names:
            raise self._fault("metrics", "nothing", "give at least one Metric")
        if not self.truth_fields:
            raise self._fault("truth_fields", "nothing", 'give at least one, such as ("label",)')
        for name in ("rule", "display_threshold", "label_wording"):
            getattr(self, name)

    @property
    def labels(self) -> tuple[str, ...]:
        """Those of the task: texts."""
        return tuple(self._several("labels", str))

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """Those of the task: `Metric`s, each with a direction."""
        found = tuple(self._several("metrics", Metric))
        for each in found:
            texts = {"name": each.name, "wording": each.wording, "unit": each.unit}
            for key, text in texts.items():
                if not isinstance(text, str) or (key == "name" and not text):
                    raise self._fault("metrics", f"a {key} {text!r}", "give a text")
            if each.better not in ("higher", "lower"):
                given = f'"{each.name}" with better = {each.better!r}'
                raise self._fault("metrics", given, 'write "higher" or "lower"')
        return found

    @property
    def truth_fields(self) -> tuple[str, ...]:
        """Those of the task: texts."""
        return tuple(self._several("truth_fields", str))

    @property
    def rule(self) -> DecodeRule | None:
        """That of the task."""
        found: DecodeRule | None = self._one("rule", DecodeRule, type(None))
        return found

    @property
    def display_threshold(self) -> float | None:
        """That of the task."""
        found: float | None = self._one("display_threshold", float, int, type(None))
        if found is not None and not np.isfinite(found):
            raise self._fault("display_threshold", str(found), "give a score, or None")
        return found

    @property
    def label_wording(self) -> LabelWording:
        """That of the task."""
        found: LabelWording = self._one("label_wording", LabelWording)
        return found

    def read_truth(self, fields: Mapping[str, Any]) -> Any:
        """Let the task read it; its `ValueError`s pass."""
        with self._theirs("read_truth"):
            try:
                return self.task.read_truth(fields)
            except ValueError as error:
                refused = error
        raise refused

    def truth_bytes(self, truth: Any) -> bytes:
        """Let the task write them."""
        with self._theirs("truth_bytes"):
            found = self.task.truth_bytes(truth)
        if not isinstance(found, bytes):
            raise self._fault("truth_bytes", _kind(found), "give bytes")
        return found

    def check_outputs(self, shapes: Shapes, image: tuple[int, int] | None = None) -> None:
        """Let the task check them."""
        with self._theirs("check_outputs"):
            self.task.check_outputs(shapes, image)

    def predict(self, outputs: Outputs, placements: Sequence[Placement | None]) -> Sequence[Any]:
        """Let the task decode them, one prediction per sample."""
        with self._theirs("predict"):
            given: Any = self.task.predict(outputs, placements)
            found = [*given] if isinstance(given, Iterable) else None
        if found is None or isinstance(given, str | bytes | Mapping):
            raise self._fault("predict", _kind(given), "give a list, one prediction per sample")
        if len(found) != len(placements):
            raise self._fault(
                "predict",
                f"{len(found)} predictions for {len(placements)} samples",
                "give one for each",
            )
        return found

    def judge(self, prediction: Any, truth: Any) -> Outcome:
        """Let the task compare them: arrays of numbers by name."""
        with self._theirs("judge"):
            given: Any = self.task.judge(prediction, truth)
        return self._statistics("judge", given)

    def gather(self, outcomes: Sequence[Outcome], samples: Sequence[Sample]) -> Evidence:
        """Let the task put them together: arrays of numbers, and every sample's id."""
        with self._theirs("gather", mixed=True):
            found: Any = self.task.gather(outcomes, samples)
        if not isinstance(found, Evidence):
            raise self._fault("gather", _kind(found), "give what decant.tasks.evidence.gather does")
        ids = tuple(sample.id for sample in samples)
        if not isinstance(found.ids, Iterable) or tuple(found.ids) != ids:
            raise self._fault("gather", "other ids than the samples have", "keep their order")
        tags = self._mapping("gather", found.tags)
        return replace(found, ids=ids, tags=tags, arrays=self._statistics("gather", found.arrays))

    def figures(
        self, evidence: Evidence, weights: NDArray[np.integer] | None = None
    ) -> dict[str, NDArray[np.float64]]:
        """Let the task compute every metric that it declares: [b] each."""
        with self._theirs("figures", "it is called with evidence and weights, [b, n] or None"):
            given: Any = self.task.figures(evidence, weights)
        found = self._mapping("figures", given)
        count = 1 if weights is None else len(weights)
        declared = [each.name for each in self.metrics]
        missing = [name for name in declared if name not in found]
        if missing:
            raise self._fault("figures", f"no {missing[0]}", "it is one of the metrics: give it")
        return {
            name: self._shaped("figures", name, found[name], (count,), "one per resample")
            for name in declared
        }

    def per_sample(self, evidence: Evidence) -> NDArray[np.float64]:
        """Let the task grade them: [n]."""
        with self._theirs("per_sample"):
            found = self.task.per_sample(evidence)
        shape = (len(evidence.ids),)
        return self._shaped("per_sample", "the grades", found, shape, "one per sample")

    def library_figures(self, outcomes: Sequence[Outcome]) -> Mapping[str, float]:
        """Let the task compute its own."""
        with self._theirs("library_figures"):
            given: Any = self.task.library_figures(outcomes)
        found = self._mapping("library_figures", given)
        for name in found.keys() - {each.name for each in self.metrics}:
            raise self._fault("library_figures", f'"{name}"', "give figures of the metrics only")
        return {
            name: float(self._shaped("library_figures", name, each, (), "a number"))
            for name, each in found.items()
        }

    def label_counts(self, evidence: Evidence) -> NDArray[np.int64]:
        """Let the task count: [labels]."""
        with self._theirs("label_counts"):
            found = self.task.label_counts(evidence)
        shape = (len(self.labels),)
        return self._counts("label_counts", found, shape, "one per label")

    def per_label(self, evidence: Evidence) -> dict[str, NDArray[np.float64]]:
        """Let the task judge them: [labels] for each figure."""
        with self._theirs("per_label"):
            given: Any = self.task.per_label(evidence)
        shape = (len(self.labels),)
        return {
            name: self._shaped("per_label", name, each, shape, "one per label")
            for name, each in self._mapping("per_label", given).items()
        }

    def confusion(self, evidence: Evidence) -> NDArray[np.int64] | None:
        """Let the task count: [labels, labels]."""
        with self._theirs("confusion"):
            found = self.task.confusion(evidence)
        if found is None:
            return None
        shape = (len(self.labels), len(self.labels))
        counts = self._counts("confusion", found, shape, "label by label")
        if (counts.sum(1) != self.label_counts(evidence)).any():
            given = "rows that do not sum to label_counts"
            raise self._fault("confusion", given, "count each true label once in each")
        return counts

    def draw_truth(self, truth: Any) -> tuple[Mark, ...]:
        """Let the task draw: `Mark`s."""
        with self._theirs("draw_truth"):
            found = self.task.draw_truth(truth)
        return self._marks("draw_truth", found)

    def draw_prediction(self, prediction: Any) -> tuple[Mark, ...]:
        """Let the task draw: `Mark`s."""
        with self._theirs("draw_prediction"):
            found = self.task.draw_prediction(prediction)
        return self._marks("draw_prediction", found)

    def _theirs(
        self, method: str, advice: str = "correct it", *, mixed: bool = False
    ) -> AbstractContextManager[None]:
        return user_code(f"{type(self.task).__name__}.{method}", advice, mixed=mixed)

    def _fault(self, method: str, given: str, advice: str) -> SpecError:
        return SpecError(f"{type(self.task).__name__}.{method} gives {given}; {advice}")

    def _one(self, name: str, *kinds: type) -> Any:
        with self._theirs(name):
            found = getattr(self.task, name)
        if not isinstance(found, kinds):
            wanted = " or ".join("None" if each is type(None) else each.__name__ for each in kinds)
            raise self._fault(name, _kind(found), f"give {wanted}")
        return found

    def _several(self, name: str, kind: type) -> Sequence[Any]:
        found: Sequence[Any] = self._one(name, tuple, list)
        for each in found:
            if not isinstance(each, kind):
                raise self._fault(name, f"a tuple with {_kind(each)}", f"give {kind.__name__}s")
        return found

    def _mapping(self, method: str, given: Any) -> dict[str, Any]:
        if not isinstance(given, Mapping):
            raise self._fault(method, _kind(given), "give a dictionary by name")
        return {str(name): each for name, each in given.items()}

    def _statistics(self, method: str, given: Any) -> dict[str, NDArray[np.generic]]:
        return {
            name: self._array(method, name, each, NUMBERS + TEXTS)
            for name, each in self._mapping(method, given).items()
        }

    def _array(
        self, method: str, name: object, given: Any, kinds: str = NUMBERS
    ) -> NDArray[np.generic]:
        with self._theirs(method):
            try:
                found = np.asarray(given)
            except NO_ARRAY:
                found = np.asarray(None)
        if found.dtype.kind not in kinds:
            advice = "give an array of numbers of one shape"
            raise self._fault(method, f'"{name}" as {_kind(given)} of {found.dtype}', advice)
        return found

    def _counts(
        self, method: str, given: Any, shape: tuple[int, ...], of: str
    ) -> NDArray[np.int64]:
        found = self._shaped(method, "the counts", given, shape, of)
        if (found != np.floor(found)).any() or (found < 0).any():
            raise self._fault(method, "parts of a whole, or less than none", "give whole numbers")
        return found.astype(np.int64)

    def _shaped(
        self, method: str, name: object, given: Any, shape: tuple[int, ...], of: str
    ) -> NDArray[np.float64]:
        found = self._array(method, name, given)
        if found.shape != shape:
            raise self._fault(
                method, f'"{name}" of shape {list(found.shape)}', f"give {list(shape)}, {of}"
            )
        return found.astype(np.float64)

    def _marks(self, method: str, given: Any) -> tuple[Mark, ...]:
        if not isinstance(given, tuple | list) or not all(isinstance(m, Mark) for m in given):
            raise self._fault(method, _kind(given), "give a tuple of Marks")
        return tuple(given)


def _kind(given: object) -> str:
    """Name a wrong answer; what is in a container is not said."""
    return "None" if given is None else f"something of type {type(given).__name__}"
