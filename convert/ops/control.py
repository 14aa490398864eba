"""Control flow that is not known before the model runs: the rewrites have taken out the rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NoReturn

import tensorflow as tf

from ..layout.forms import Tensor
from ..layout.refused import FreeSize, Refused
from ..layout.tensors import AnyValue, Value
from ..lowering.registry import OutputInfo, op

Branch = Callable[[Sequence[AnyValue]], list[AnyValue]]
"""Emits a branch, from what it takes to its results."""


@op("decant::If")
def if_op(
    condition: AnyValue,
    *taken: AnyValue,
    then_branch: Branch,
    else_branch: Branch,
    outputs: tuple[OutputInfo, ...],
) -> tuple[Value, ...]:
    """Emit a choice that is made at run time; condition: one bool."""

    def traced(branch: Branch) -> Callable[[], list[Tensor]]:
        return lambda: [value.plain() for value in branch(taken)]

    chosen = tf.cond(tf.reshape(condition.plain(), []), traced(then_branch), traced(else_branch))
    for tensor, info in zip(chosen, outputs, strict=True):
        tensor.set_shape(info.shape)
    if any(tensor.shape.rank is None for tensor in chosen):
        raise FreeSize("its branches give results of different ranks")
    return tuple(map(Value.laid_out, chosen))


@op("Loop", ignore=["body"])
def loop(*values: AnyValue) -> NoReturn:
    """Refuse a loop that goes on for as long as the input says."""
    raise Refused(
        "it is not known before the model runs how often it does, or it is too long to write out",
        "export it with a constant count of iterations that makes at most 10000 nodes",
    )


@op(
    "Scan",
    ignore=[
        "body", "directions", "num_scan_inputs", "scan_input_axes", "scan_input_directions",
        "scan_output_axes", "scan_output_directions",
    ],
)  # fmt: skip
def scan(*values: AnyValue) -> NoReturn:
    """Refuse a scan of a free size."""
    raise Refused(
        "the axis that it runs along has a free size, or it is too long to write out",
        "export with that size fixed",
    )
