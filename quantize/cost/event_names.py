"""Which operators of XNNPACK may have come from which of TFLite's, by the names in a profile."""

from __future__ import annotations

import re

# XNNPACK's src/operators/*.c give the names; those of one line are all that a kind becomes.
_NAMES: dict[str, str] = {
    "ABS": "Abs",
    "ADD": "Add",
    "AVERAGE_POOL_2D": "Average Pooling|Global Average",
    "BATCH_MATMUL": "Batch Matrix Multiply|Fully Connected",
    "CEIL": "Ceil",
    "CONCATENATION": "Copy|Concat",
    "CONV_2D": "Convolution|Fully Connected",
    "COS": "Cos",
    "DEPTHWISE_CONV_2D": "Convolution|Depthwise",
    "DEPTH_TO_SPACE": "Depth To Space|Transpose",
    "DEQUANTIZE": "Convert",
    "DIV": "Divide",
    "ELU": "ELU",
    "EXP": "Exp",
    "EXPAND_DIMS": "Static Reshape|Copy",
    "FLOOR": "Floor",
    "FULLY_CONNECTED": "Fully Connected|Dynamic Fully",
    "GELU": "GELU",
    "HARD_SWISH": "HardSwish",
    "LEAKY_RELU": "Leaky",
    "LOG": "Log",
    "LOGISTIC": "Sigmoid",
    "MAXIMUM": "Maximum",
    "MAX_POOL_2D": "Max Pooling",
    "MEAN": "Mean|Global Average",
    "MINIMUM": "Minimum",
    "MUL": "Multiply",
    "NEG": "Negate",
    "PACK": "Copy|Concat",
    "PAD": "Constant Pad",
    "PADV2": "Constant Pad",
    "POW": "Pow",
    "PRELU": "PReLU|Prelu",
    "QUANTIZE": "Convert",
    "REDUCE_MAX": "Max",
    "REDUCE_MIN": "Min",
    "RELU": "Clamp",
    "RELU6": "Clamp",
    "RELU_N1_TO_1": "Clamp",
    "RESHAPE": "Static Reshape|Copy",
    "RESIZE_BILINEAR": "Resize Bilinear",
    "ROUND": "Round|Bankers",
    "RSQRT": "Reciprocal Square Root",
    "SIN": "Sine",
    "SLICE": "Slice|Copy",
    "SOFTMAX": "Softmax",
    "SPACE_TO_DEPTH": "Space To Depth|Transpose",
    "SPLIT": "Slice|Split|Copy",
    "SQRT": "Square Root",
    "SQUARE": "Square$|Square \\(",
    "SQUARED_DIFFERENCE": "Squared Difference",
    "SQUEEZE": "Static Reshape|Copy",
    "STRIDED_SLICE": "Slice|Copy",
    "SUB": "Subtract",
    "SUM": "Sum",
    "TANH": "Tanh",
    "TRANSPOSE": "Transpose|Copy",
    "TRANSPOSE_CONV": "Deconvolution",
}
_PATTERNS = {kind: re.compile(names, re.IGNORECASE) for kind, names in _NAMES.items()}

FOLDING = (
    *("ABS", "CEIL", "COS", "ELU", "EXP", "FLOOR", "GELU", "HARD_SWISH", "LEAKY_RELU", "LOG"),
    *("LOGISTIC", "NEG", "RELU", "RELU6", "RELU_N1_TO_1", "ROUND", "RSQRT", "SIN", "SQRT"),
    *("SQUARE", "TANH"),
)
"""Unary operators that XNNPACK makes a table of between a DEQUANTIZE and a QUANTIZE."""
# How it calls such a table (LiteRT 2.3).
_TABLE = re.compile("Invalid Unary Op|Lookup|LUT", re.IGNORECASE)
# Works for what multiplies, before it: the rounding of a dynamic operator, and its borders.
_BEFORE = re.compile("Convert|Constant Pad", re.IGNORECASE)
MULTIPLYING = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "BATCH_MATMUL", "TRANSPOSE_CONV")
# What takes no time wherever XNNPACK leaves it out or makes it a part of the next.
LEFT_OUT = (
    *("DEQUANTIZE", "QUANTIZE", "RESHAPE", "SQUEEZE", "EXPAND_DIMS", "PAD", "PADV2"),
    *("RELU", "RELU6", "RELU_N1_TO_1"),
)

# Points of an alignment.
SAME, AGAIN, BEFORE, UNKNOWN, OTHER = 3.0, 0.9, 0.5, -0.5, -3.0


def affinity(kind: str, name: str, *, first: bool) -> float:
    """Say how well an operator of XNNPACK's fits one of TFLite's.

    Args:
        kind: The schema's name.
        name: XNNPACK's.
        first: Whether it would be the first of that operator.
    """
    pattern = _PATTERNS.get(kind)
    if pattern is None:
        return UNKNOWN
    if pattern.match(name) or (kind in FOLDING and _TABLE.match(name)):
        return SAME if first else AGAIN
    if kind in MULTIPLYING and _BEFORE.match(name):
        return BEFORE
    return OTHER
