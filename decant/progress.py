"""Lets libraries say how far they are without knowing who watches."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager

Item = TypeVar("Item")


class Watcher(Protocol):
    """Someone who shows progress, such as the command line."""

    def task(self, what: str, total: int | None) -> AbstractContextManager[Callable[[], object]]:
        """Show a task until the block ends; call what it yields after every step."""


_watcher: ContextVar[Watcher | None] = ContextVar("watcher", default=None)


@contextmanager
def watched_by(watcher: Watcher) -> Iterator[None]:
    """Show the progress of everything that runs inside the block."""
    token = _watcher.set(watcher)
    try:
        yield
    finally:
        _watcher.reset(token)


def track(items: Iterable[Item], what: str, total: int | None = None) -> Iterator[Item]:
    """Yield the items, telling whoever watches how many are done.

    Args:
        items: What is worked through.
        what: Names the work, such as "calibration".
        total: Number of items, if known.
    """
    watcher = _watcher.get()
    if watcher is None:
        yield from items
        return
    with watcher.task(what, total) as advance:
        for item in items:
            yield item
            advance()
