"""Schemes: what the weights and activations of a quantized operator are, and what that needs.

A scheme is stated in the quantizer library's own terms (`litert_quantizer.qtyping`), so that what
it takes is what the library takes; a recipe says which operators get which scheme.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from decant.quantization import Granularity, Group, SchemeName

# Operators whose weights XNNPACK multiplies after quantizing the activations on the fly; it has no
# such kernel for depthwise convolutions, which would leave the delegate.
DYNAMIC_KINDS = ("CONV_2D", "FULLY_CONNECTED")
WEIGHTED_KINDS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV")
# What gains from int8 in XNNPACK or only moves data. Everything else stays float between a
# DEQUANTIZE and a QUANTIZE: XNNPACK runs a chain of unary ones among them as one 256-entry table,
# and has float kernels but no int8 ones for HARD_SWISH, GELU, SOFTMAX, AVERAGE_POOL_2D, DIV, SQRT,
# RSQRT, SQUARED_DIFFERENCE, BATCH_MATMUL, MAXIMUM and a lone RELU.
STATIC_KINDS = (
    "ADD",
    "BATCH_MATMUL",
    "CONCATENATION",
    "CONV_2D",
    "DEPTHWISE_CONV_2D",
    "FULLY_CONNECTED",
    "GATHER",
    "LOGISTIC",
    "MAX_POOL_2D",
    "MEAN",
    "MIRROR_PAD",
    "MUL",
    "PACK",
    "PAD",
    "PADV2",
    "RESHAPE",
    "RESIZE_BILINEAR",
    "RESIZE_NEAREST_NEIGHBOR",
    "SLICE",
    "SPACE_TO_DEPTH",
    "SPLIT",
    "STRIDED_SLICE",
    "SUB",
    "SUM",
    "TANH",
    "TRANSPOSE",
    "TRANSPOSE_CONV",
    "UNPACK",
)
# What the library makes int8 besides, which XNNPACK has no int8 operator of: slower, but integers.
PURE_KINDS = (
    *STATIC_KINDS,
    "AVERAGE_POOL_2D",
    "BROADCAST_TO",
    "DIV",
    "GATHER_ND",
    "GELU",
    "HARD_SWISH",
    "MAXIMUM",
    "REDUCE_MIN",
    "RELU",
    "RSQRT",
    "SELECT",
    "SELECT_V2",
    "SOFTMAX",
    "SQRT",
    "SQUARED_DIFFERENCE",
)
# The library has no int16 form of SPACE_TO_DEPTH, and XNNPACK none of products.
NO_INT16 = ("BATCH_MATMUL", "SPACE_TO_DEPTH")
INT16_KINDS = tuple(kind for kind in STATIC_KINDS if kind not in NO_INT16)

_GRANULARITIES: dict[Granularity, str] = {"channel": "CHANNELWISE", "tensor": "TENSORWISE"}


@dataclass(frozen=True, slots=True)
class Scheme:
    """What an operator computes in.

    Attributes:
        name: As recipes give it.
        weight_bits: Of each weight: 8 are integers, 16 are floats.
        activation_bits: Of each activation where its range is fixed in the file; None where it
            stays float, or is quantized by the runtime for each input anew.
        integers: Whether the operator multiplies integers, not floats.
        kinds: Operators (the schema's names) that take the scheme where a recipe names none.
    """

    name: SchemeName
    weight_bits: int
    activation_bits: int | None
    integers: bool
    kinds: tuple[str, ...]

    @property
    def ranged(self) -> bool:
        """Whether the range of every activation has to be known."""
        return self.activation_bits is not None

    @property
    def algorithm(self) -> str:
        """The library's key of the algorithm that rounds the weights."""
        if self.name == "float":
            return "no_quantize"
        return "float_casting" if self.weight_bits == 16 else "min_max_uniform_quantize"

    def config(self, granularity: Granularity, *, symmetric: bool) -> dict[str, Any]:
        """Write the scheme in the library's format.

        Args:
            granularity: Whether each output channel of a weight has a scale of its own; float
                weights have none.
            symmetric: Whether the zero point of int8 activations is 0, as some NPUs want it; that
                of int16 always is.
        """
        if self.name == "float":
            return {}
        floats = self.weight_bits == 16
        config: dict[str, Any] = {
            "weight_tensor_config": {
                "num_bits": self.weight_bits,
                "symmetric": True,
                "granularity": "TENSORWISE" if floats else _GRANULARITIES[granularity],
                "dtype": "FLOAT" if floats else "INT",
            },
            "compute_precision": "INTEGER" if self.integers else "FLOAT",
            "explicit_dequantize": not self.integers,
        }
        if self.activation_bits is not None:
            config["activation_tensor_config"] = {
                "num_bits": self.activation_bits,
                "symmetric": symmetric or self.activation_bits == 16,
                "granularity": "TENSORWISE",
                "dtype": "INT",
            }
        return config


def kinds_of(group: Group) -> tuple[str, ...]:
    """Kinds of operators that may belong to a group; empty for all there are."""
    return group.kinds or SCHEMES[group.scheme].kinds


def holds(group: Group, kind: str, written: str) -> bool:
    """Whether an operator belongs to a group, by its kind and tensors.

    Args:
        group: Whose modules are of no account here.
        kind: Of the operator.
        written: Names of the tensors that it writes, joined by semicolons.
    """
    kinds = kinds_of(group)
    fits = not kinds or kind in kinds
    return fits and (not group.tensors or any(re.search(each, written) for each in group.tensors))


SCHEMES: dict[SchemeName, Scheme] = {
    scheme.name: scheme
    for scheme in (
        Scheme("static_int8", 8, 8, integers=True, kinds=STATIC_KINDS),
        Scheme("int16x8", 8, 16, integers=True, kinds=INT16_KINDS),
        Scheme("dynamic_int8", 8, None, integers=True, kinds=DYNAMIC_KINDS),
        Scheme("weight_only_int8", 8, None, integers=False, kinds=WEIGHTED_KINDS),
        Scheme("float16", 16, None, integers=False, kinds=WEIGHTED_KINDS),
        Scheme("float", 32, None, integers=False, kinds=()),
    )
}
