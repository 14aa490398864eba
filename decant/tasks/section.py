"""What every `[task]` section of a spec has, whatever its kind."""

from __future__ import annotations

import re
from abc import abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from ..contract.rules import Rule
from ..spec_faults import FACTORY

if TYPE_CHECKING:
    from ..contract.decode import DecodeRule
    from ..contract.decode.rule import Reading, Shapes
    from .task import Metric, Task


def distinct(names: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse names that cannot be told apart."""
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f'"{name}" occurs twice; make each unique')
    return names


Labels = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], AfterValidator(distinct)]


def one_of(name: str, *metrics: Metric, key: str = "") -> str:
    """Check the name of a metric: one of these, or `file.py:function`.

    Args:
        name: That the spec gives.
        metrics: Of the kind.
        key: Begins the message, where pydantic does not say which key is at fault.

    Raises:
        ValueError: If it is neither.
    """
    known = [each.name for each in metrics]
    if name not in known and not re.match(FACTORY, name):
        named = ", ".join(f'"{each}"' for each in known)
        fault = f'must be {named} or, of your own, "file.py:function"'
        raise ValueError(f'{key} = "{name}" {fault}' if key else fault)
    return name


class TaskSection(Rule):
    """The keys of one kind of task, and the task that they describe.

    Attributes:
        usual_truth: What data sets of this kind usually tell of a sample, the most usual first.
        decode_rules: Those that `decode` may be.
        kind: Names the kind.
        metric: The metric that requirements are about: one of the kind's own, or a function of
            the user's, as `file.py:function`, that grades one prediction by its truth.
        metric_better: Of the user's own metric: whether "higher" or "lower" is better.
        metric_unit: Of the user's own metric: "fraction", or what it is measured in.
    """

    usual_truth: ClassVar[tuple[str, ...]] = ()
    decode_rules: ClassVar[tuple[type[DecodeRule], ...]] = ()
    kind: str
    metric: str
    metric_better: Literal["higher", "lower"] = "higher"
    metric_unit: str = ""

    @classmethod
    def readings(cls, shapes: Shapes) -> tuple[Reading, ...]:
        """Say what `decode`, or where there is none, the section may say of outputs of some shapes.

        Args:
            shapes: Of a model's outputs; none where they are not known.
        """
        return tuple(each for rule in cls.decode_rules for each in rule.readings(shapes))

    @property
    def grader(self) -> str | None:
        """The user's function that grades one sample; None where the metric is the kind's own."""
        return self.metric if ":" in self.metric else None

    @property
    def metric_name(self) -> str:
        """The metric's name in reports."""
        return self.metric.rpartition(":")[2]

    @property
    def files(self) -> dict[str, str]:
        """The files that the section names: paths, relative to the spec, by key."""
        return {}

    def known_metric(self) -> Metric | None:
        """The metric, as far as is known before any code of the user's has run."""
        if self.grader is not None:
            return None
        return next((each for each in self.open(Path()).metrics if each.name == self.metric), None)

    @abstractmethod
    def open(self, folder: Path) -> Task:
        """Make the task.

        Args:
            folder: Where relative paths and the user's own code start: the spec's.

        Raises:
            SpecError: If code of the user's own cannot be used.
        """

    def check_image(self, height: int, width: int) -> None:
        """Check that the task fits the model's image input.

        Raises:
            ValueError: If it does not; the message begins with the key at fault.
        """
