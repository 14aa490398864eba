"""Writes ONNX Runtime's fused attention as the standard operators that it stands for."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx_ir as ir

from decant.graph.edit import new_outputs, rank, replace
from decant.graph.rewrite import Rewrites

from .fused_writer import Maybe, Writer
from .quantized import CONTRIB

if TYPE_CHECKING:
    from collections.abc import Sequence

RULES = Rewrites()


@dataclass(frozen=True, slots=True)
class Heads:
    """Attention between heads.

    Attributes:
        new: Writes it.
        count: Of heads.
        scale: Of the logits.
    """

    new: Writer
    count: int
    scale: float

    @classmethod
    def of(cls, new: Writer, width: int) -> Heads:
        """Read the attributes; a width is that of all heads of a query together."""
        count = new.attribute("num_heads")
        scale = new.attribute("scale", 0.0) or 1 / math.sqrt(width // count)
        return cls(new, count, scale)

    def apart(self, x: ir.Value) -> ir.Value:
        """Write [N, S, heads * D] → [N, heads, S, D]."""
        target = self.new.constant([0, 0, self.count, -1], "heads")
        split = self.new.write("Reshape", x, target)
        return self.new.write("Transpose", split, perm=[0, 2, 1, 3])

    def attend(self, query: ir.Value, key: ir.Value, value: ir.Value, *added: Maybe) -> ir.Value:
        """Write the attention of [N, heads, S, D]: [N, S, heads * D]."""
        turned = self.new.write("Transpose", key, perm=[0, 1, 3, 2])
        logits = self.new.scaled(self.new.write("MatMul", query, turned), self.scale)
        shares = self.new.write("Softmax", self.new.sum(logits, *added), axis=-1)
        read = self.new.write("MatMul", shares, value)
        together = self.new.write("Transpose", read, perm=[0, 2, 1, 3])
        return self.new.write("Reshape", together, self.new.constant([0, 0, -1], "width"))

    def masked(self, mask: Maybe, keys: int | None, like: ir.Value) -> Maybe:
        """Write what is added to logits where a mask of keys has a zero; None without a mask.

        Args:
            mask: Integers: [N] counts of keys, or [N, T] or [N, S, T] with zeros for others.
            keys: T, which counts ask for; None where they may not be given.
            like: Of the type of logits.

        Raises:
            UnknownMask: If it has another shape.
        """
        axes = rank(mask)
        if mask is None:
            return None
        assert mask.dtype is not None
        if axes == 1 and keys is not None and self._one_for_each(mask):
            places = self.new.constant(np.arange(keys, dtype=mask.dtype.numpy()), "places")
            counts = self.new.write("Unsqueeze", mask, self.new.constant([1], "axis"))
            kept = self.new.write("Less", places, counts)
        elif axes in (2, 3):
            kept = self.new.write("Greater", mask, self.new.number(0, mask))
        else:
            raise UnknownMask
        kept.type = ir.TensorType(ir.DataType.BOOL)
        new_axes = self.new.constant([1] if axes == 3 else [1, 2], "axes")
        spread = self.new.write("Unsqueeze", kept, new_axes)
        hidden = self.new.number(self.new.attribute("mask_filter_value", -10000.0), like)
        added = self.new.write("Where", spread, self.new.number(0.0, like), hidden)
        added.type = like.type
        return added

    def _one_for_each(self, mask: ir.Value) -> bool:
        """Whether a mask [N] has a number for each text, and not two or three."""
        count, texts = _size(mask, 0), _size(self.new.input(0), 0)
        return count is None or texts is None or count == texts

    def causal(self, query: ir.Value, key: ir.Value, like: ir.Value) -> Maybe:
        """Write what hides later keys from [N, S, …] queries; None where nothing does.

        Raises:
            UnknownMask: If the lengths are not known.
        """
        if not self.new.attribute("unidirectional", 0):
            return None
        rows, columns = _size(query, 1), _size(key, 1)
        if rows is None or columns is None:
            raise UnknownMask
        assert like.dtype is not None
        dtype = like.dtype.numpy()
        seen = np.tril(np.ones((rows, columns), bool), columns - rows)
        return self.new.constant(np.where(seen, 0, np.finfo(dtype).min / 2).astype(dtype), "causal")


class UnknownMask(Exception):
    """A mask of a form that is not known, or not yet."""


def _size(value: Maybe, axis: int) -> int | None:
    if value is None or value.shape is None or axis >= len(value.shape):
        return None
    size = value.shape[axis]
    return size if isinstance(size, int) else None


@RULES.node("fused_attention", "Attention", "QAttention", domain=CONTRIB)
def fused_attention(node: ir.Node) -> bool:
    """Write the attention of a text to itself, with its projections.

    Before: com.microsoft.Attention(x, W, b, mask, , bias) | QAttention of integers
    After:  q, k, v = Split(Add(MatMul(x, W), b)); MatMul(Softmax(q k' * scale + mask + bias), v)
    """
    new = Writer(node)
    quantized = node.op_type == "QAttention"
    mask, bias = (new.input(5), None) if quantized else (new.input(3), new.input(5))
    total, past = _size(new.given(1), 1), 8 if quantized else 4
    if total is None or new.input(past) is not None or not new.gives_only(0):
        return False
    if new.attribute("do_rotary", 0):
        return False
    widths = list(new.attribute("qkv_hidden_sizes", ()) or [total // 3] * 3)
    heads = Heads.of(new, widths[0])
    floats = new.given(3 if quantized else 1)
    try:
        causal = heads.causal(new.given(0), new.given(0), floats)
        mask = heads.masked(mask, _size(new.given(0), 1), floats)
    except UnknownMask:
        return False
    x, weights = new.given(0), new.given(1)
    if quantized:
        x, weights = _dequantized(new, 0, 3, 6), _dequantized(new, 1, 4, 7)
    projected = new.sum(new.write("MatMul", x, weights), new.input(2))
    parts = map(heads.apart, _split(new, projected, widths, axis=-1))
    result = heads.attend(*parts, mask, causal, bias)
    replace(node.outputs[0], result)
    return True


def _dequantized(new: Writer, at: int, scale_at: int, zero_at: int) -> ir.Value:
    """Write the floats of integers; scale and zero point of weights may be those of columns."""
    scale = new.given(scale_at)
    given = [new.given(at), scale, new.input(zero_at)]
    return new_outputs(new.node, "DequantizeLinear", given, {"axis": 1}, like=scale)[0]


@RULES.node("fused_heads", "MultiHeadAttention", domain=CONTRIB)
def fused_heads(node: ir.Node) -> bool:
    """Write attention between heads of projections that were made before.

    Before: y, keys, values = com.microsoft.MultiHeadAttention(q, k, v, b, mask, bias, keys, values)
    After:  y = MatMul(Softmax((q + b) (k + b)' * scale + mask + bias), v + b)
    """
    new = Writer(node)
    query, key, value = (new.input(at) for at in range(3))
    width = _size(query, 2)
    if key is None or value is None or width is None or rank(query) != 3 or query is None:
        return False  # packed into one
    if rank(key) not in (3, 4) or rank(value) != rank(key) or not new.reads_only(8):
        return False
    crossed = rank(key) == 4  # has its heads apart already, and no bias
    heads = Heads.of(new, width)
    earlier = (new.input(6), new.input(7))
    length = None if earlier[0] is not None else _size(key, 2 if crossed else 1)
    widths, biases = [width, width, _size(value, 2)], new.input(3)
    if biases is not None and (crossed or None in widths):
        return False
    try:
        causal = None if crossed else heads.causal(query, key, query)
        if causal is not None and earlier[0] is not None:
            return False
        hidden = (heads.masked(new.input(4), length, query), causal)
    except UnknownMask:
        return False
    first, *others = (None,) * 3 if biases is None else _split(new, biases, widths, axis=0)
    apart = [heads.apart(new.sum(query, first))]
    for part, bias, before in zip((key, value), others, earlier, strict=True):
        own = part if crossed else heads.apart(new.sum(part, bias))
        whole = own if before is None else new.write("Concat", before, own, axis=2)
        apart.append(whole)
    replace(node.outputs[0], heads.attend(*apart, *hidden, new.input(5)))
    for output, whole in zip(node.outputs[1:], apart[1:], strict=False):
        replace(output, whole)
    return True


def _split(new: Writer, x: ir.Value, widths: Sequence[Any], axis: int) -> list[ir.Value]:
    """Cut what belongs to queries, keys and values into three."""
    sizes = new.constant([*widths], "widths")
    return new_outputs(new.node, "Split", [x, sizes], {"axis": axis}, like=x, count=3)
