"""Registers rewrites of a user's own, which an operators file brings."""

from __future__ import annotations

import functools
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from decant.graph.rewrite import Rewrites

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import onnx_ir as ir

    from decant.graph.rewrite import Accuracy, NodeRewrite

_TARGET: ContextVar[Rewrites | None] = ContextVar("_TARGET", default=None)


def rewrite(
    name: str, *op_types: str, accuracy: Accuracy = "exact", domain: str = ""
) -> Callable[[NodeRewrite], NodeRewrite]:
    """Register a function that looks at one node of the ONNX graph and may replace it.

    It is tried before decant's own rewrites, over and over until nothing applies any more. It
    returns True where it has replaced something, and False where nothing is left to change;
    `decant.graph.edit` reads constants and attributes, and makes and replaces nodes. An operators
    file says, for example:

        @rewrite("softsign", "Div")
        def softsign(node):
            \"\"\"Write x / (1 + |x|) as Softsign.\"\"\"
            …
            edit.replace(node.outputs[0], edit.new_node(node, "Softsign", [x]))
            return True

    Args:
        name: What reports, `rewrites` and `without` call it.
        op_types: Operators that the function is shown; none means every one.
        accuracy: "exact" (equal but for rounding; applied always) or "bounded" (applied where
            `rewrites` names it).
        domain: Whose operators: ONNX's own, if not given.

    Raises:
        ValueError: If a rewrite has that name already, or the function has no docstring.
    """
    found = _TARGET.get()
    target = Rewrites() if found is None else found
    register = target.node(name, *op_types, accuracy=accuracy, domain=domain)

    def register_checked(function: NodeRewrite) -> NodeRewrite:
        register(_checked(function))
        return function

    return register_checked


def _checked(function: NodeRewrite) -> NodeRewrite:
    """Hold what a function returns to a truth value."""

    @functools.wraps(function)
    def checked(node: ir.Node) -> bool:
        found: object = function(node)
        if not isinstance(found, bool):
            raise TypeError(f"it returned {found!r}; let it return True or False")
        return found

    return checked


@contextmanager
def collected() -> Iterator[Rewrites]:
    """Collect the rewrites that are registered within the block."""
    found = Rewrites()
    token = _TARGET.set(found)
    try:
        yield found
    finally:
        _TARGET.reset(token)
