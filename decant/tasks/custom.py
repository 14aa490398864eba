"""A task of the user's own, from a file beside the spec."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from ..errors import SpecError
from ..factory import resolve
from ..spec_faults import FACTORY
from ..user_code import user_code
from .checked import Checked
from .section import TaskSection
from .task import Metric, Task

if TYPE_CHECKING:
    from pathlib import Path


class CustomSection(TaskSection):
    """A task of the user's own.

    Attributes:
        factory: `file.py:MyTask`, a class that derives from `decant.tasks.Task`, or a function
            that returns one.
        arguments: Its keyword arguments.
    """

    kind: Literal["custom"]
    factory: str = Field(pattern=FACTORY)
    arguments: dict[str, Any] = Field(default_factory=dict)

    def known_metric(self) -> Metric | None:
        """None: only the user's own class knows."""
        return None

    def open(self, folder: Path) -> Task:
        """Make the task.

        Raises:
            SpecError: If the factory cannot be imported or called, returns no task, or one that
                lacks the metric or is not what `Task` promises.
        """
        what = f"task.factory = {self.factory!r}, called with {self.arguments},"
        factory = resolve(self.factory, folder)
        with user_code(what, "correct it or task.arguments"):
            task = factory(**self.arguments)
        if not isinstance(task, Task):
            raise SpecError(
                f"task.factory = {self.factory!r} gave a {type(task).__name__}; derive your class "
                "from decant.tasks.Task"
            )
        checked = Checked(task)
        checked.check()
        known = [each.name for each in checked.metrics]
        if self.grader is None and self.metric not in known:
            raise SpecError(
                f'task.metric = "{self.metric}": {self.factory} measures {", ".join(known)}; name '
                "one of these"
            )
        return checked
