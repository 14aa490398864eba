"""What LiteRT has int8 kernels of, and what these ask of scales."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Steps = tuple[float, int]
"""Scale and zero point of a tensor."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """What an int8 kernel of LiteRT asks for.

    Attributes:
        scales: "own": every tensor has a scale of its own; "input": the result has that of what is
            read, since integers are only moved or chosen from; "output": all that is read has that
            of the result.
        version: The least that says so in the file.
        result: Steps that the kernel takes for granted of its result; None where it does not.
        multiplies: Whether a MUL computes it, by `factor`.
        factor: None where that is the operator's input once more.
    """

    scales: Literal["own", "input", "output"] = "own"
    version: int = 1
    result: Steps | None = None
    multiplies: bool = False
    factor: float | None = None


# Each was run with both of LiteRT's resolvers (2.3): at most one step off the rounded result. Of
# NEG the int8 kernel has no result for -128, and of SQUARE there is none: a product has both.
KERNELS = {
    "ABS": Kernel(),
    "ARG_MAX": Kernel(version=2),
    "ARG_MIN": Kernel(version=2),
    "BATCH_MATMUL": Kernel(version=2),
    "DEPTH_TO_SPACE": Kernel("input"),
    "ELU": Kernel(),
    "EXP": Kernel(version=2),
    "EXPAND_DIMS": Kernel("input"),
    "GREATER": Kernel(version=2),
    "GREATER_EQUAL": Kernel(version=2),
    "L2_NORMALIZATION": Kernel(version=2, result=(1 / 128, 0)),
    "LEAKY_RELU": Kernel(version=2),
    "LESS": Kernel(version=2),
    "LESS_EQUAL": Kernel(version=2),
    "LOG": Kernel(version=2),
    "LOG_SOFTMAX": Kernel(version=2, result=(16 / 256, 127)),
    "MINIMUM": Kernel("output", version=2),
    "NEG": Kernel(version=2, multiplies=True, factor=-1.0),
    "PRELU": Kernel(),
    "REDUCE_MAX": Kernel("input", version=2),
    "RELU6": Kernel(version=2),
    "RELU_0_TO_1": Kernel(),
    "RELU_N1_TO_1": Kernel(),
    "REVERSE_V2": Kernel("input"),
    "SQUARE": Kernel(version=2, multiplies=True),
    "SQUEEZE": Kernel("input", version=2),
    "TILE": Kernel("input"),
}
