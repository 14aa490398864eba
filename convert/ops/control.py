"""Control flow that is not known before the model runs: the rewrites have taken out the rest."""

from __future__ import annotations

from typing import NoReturn

from ..layout.refused import Refused
from ..layout.tensors import AnyValue
from ..lowering.registry import op


@op("If", ignore=["then_branch", "else_branch"])
def if_op(condition: AnyValue) -> NoReturn:
    """Refuse a choice at run time."""
    raise Refused(
        "its condition depends on the input, and decant emits one branch only",
        "compute both branches and choose with Where (torch.where) before the export",
    )


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
