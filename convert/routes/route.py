"""The other converters that decant knows how to run."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from decant.errors import UsageError

from .environment import PINS, Environment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WORKERS: Final = Path(__file__).with_name("workers")
ALL: Final = "all"


@dataclass(frozen=True, slots=True)
class Route:
    """A converter of somebody else's.

    Attributes:
        name: As a user names it.
        environment: Where it is installed.
        worker: A Python file that the environment's interpreter runs, with a function
            `work(source, target)` that converts one path to the other. What it raises is why not.
        takes: Suffix of what it converts.
    """

    name: str
    environment: Environment
    worker: Path
    takes: str


def _route(name: str, takes: str, *pythons: str) -> Route:
    file = name.replace("-", "_")
    environment = Environment(name, PINS / f"{file}.txt", pythons)
    return Route(name, environment, WORKERS / f"{file}.py", takes)


ROUTES: Final[Mapping[str, Route]] = {
    route.name: route
    for route in (
        _route("litert-torch", ".pt2", "3.11"),
        _route("onnx2tf", ".onnx", "3.12"),
        _route("onnx-tf", ".onnx", "3.11", "3.10"),
    )
}


def chosen(names: Sequence[str]) -> tuple[Route, ...]:
    """Find routes by name, "all" being every one.

    Raises:
        UsageError: If no route is called so.
    """
    if ALL in names:
        return tuple(ROUTES.values())
    for name in names:
        if name not in ROUTES:
            close = difflib.get_close_matches(name, ROUTES, n=1)
            hint = f'; did you mean "{close[0]}"?' if close else ""
            raise UsageError(
                f'--routes "{name}": no such route; give {ALL} or some of {", ".join(ROUTES)}{hint}'
            )
    return tuple(ROUTES[name] for name in dict.fromkeys(names))
