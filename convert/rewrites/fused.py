"""Writes operators that ONNX Runtime's optimiser has fused as the standard ones they stand for.

What each computes stands in ONNX Runtime's list of its own operators (ContribOperators.md), and in
its CPU kernels where that says nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx_ir as ir

from decant.graph.edit import new_constant, new_outputs, rank, replace
from decant.graph.rewrite import Rewrites

from .quantized import CONTRIB

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

RULES = Rewrites()

Maybe = ir.Value | None


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes standard nodes in front of a fused one, whose inputs and attributes it reads."""

    node: ir.Node

    def input(self, index: int) -> Maybe:
        """Give an input; None if it is left out."""
        return self.node.inputs[index] if index < len(self.node.inputs) else None

    def given(self, index: int) -> ir.Value:
        """Give an input that the operator needs."""
        value = self.input(index)
        assert value is not None
        return value

    def attribute(self, name: str, default: Any = None) -> Any:
        """Give an attribute, or what the operator takes without it."""
        own = self.node.attributes.get(name)
        return default if own is None else own.value

    def reads_only(self, count: int) -> bool:
        """Whether all inputs from an index on are left out."""
        return all(value is None for value in self.node.inputs[count:])

    def gives_only(self, *outputs: int) -> bool:
        """Whether nobody reads other outputs than these."""
        others = (v for at, v in enumerate(self.node.outputs) if at not in outputs)
        return not any(value.uses() or value.is_graph_output() for value in others)

    def write(self, op_type: str, *inputs: Maybe, **attributes: Any) -> ir.Value:
        """Write a node whose output has the type of its first input."""
        first = next(value for value in inputs if value is not None)
        return new_outputs(self.node, op_type, inputs, attributes, like=first)[0]

    def cast(self, x: ir.Value, to: ir.DataType) -> ir.Value:
        """Write a change of type."""
        y = self.write("Cast", x, to=int(to))
        y.type = ir.TensorType(to)
        return y

    def constant(self, array: NDArray[Any] | list[int], what: str) -> ir.Value:
        """Add a constant; whole numbers are int64."""
        graph: Any = self.node.graph
        return new_constant(graph, np.asarray(array), f"{self.node.outputs[0].name}/{what}")

    def number(self, value: float, like: ir.Value) -> ir.Value:
        """Add a number of the type of a value."""
        assert like.dtype is not None
        return self.constant(np.array(value, like.dtype.numpy()), "number")

    def sum(self, *terms: Maybe) -> ir.Value:
        """Write the sum of those terms that there are."""
        first, *others = (term for term in terms if term is not None)
        for term in others:
            first = self.write("Add", first, term)
        return first

    def scaled(self, x: ir.Value, factor: float) -> ir.Value:
        """Write x times a number, if that is not one."""
        return x if factor == 1.0 else self.write("Mul", x, self.number(factor, x))

    def has_known_activation(self) -> bool:
        """Whether there is an operator for the activation that the attributes name."""
        kind = self.attribute("activation", "")
        if kind == "Clip":
            return len(self.attribute("activation_params", ())) == 2
        return kind == "" or kind in ACTIVATIONS

    def activated(self, x: ir.Value) -> ir.Value:
        """Write the activation that the attributes name, which is known."""
        kind = self.attribute("activation", "")
        numbers = self.attribute("activation_params", ())
        if kind == "":
            return x
        if kind == "Clip":
            return self.write("Clip", x, *(self.number(number, x) for number in numbers))
        return self.write(kind, x, **dict(zip(ACTIVATIONS[kind], numbers, strict=False)))


ACTIVATIONS = {
    "Relu": (),
    "Sigmoid": (),
    "Tanh": (),
    "LeakyRelu": ("alpha",),
    "HardSigmoid": ("alpha", "beta"),
}
"""What a fused convolution may end in → what its parameters are called."""


@RULES.node("fused_gelu", "Gelu", "BiasGelu", "FastGelu", "QuickGelu", domain=CONTRIB)
def fused_gelu(node: ir.Node) -> bool:
    """Write a GELU that takes in a bias, or an approximation of its own.

    Before: com.microsoft.BiasGelu(x, b) | FastGelu(x, b) | QuickGelu(x)
    After:  Gelu(Add(x, b)) | Gelu<approximate="tanh">(Add(x, b)) | Mul(x, Sigmoid(1.702 * x))
    """
    new = _Writer(node)
    x = new.sum(new.given(0), new.input(1))
    if node.op_type == "QuickGelu":
        gate = new.write("Sigmoid", new.scaled(x, new.attribute("alpha", 1.702)))
        replace(node.outputs[0], new.write("Mul", x, gate))
        return True
    approximate = "tanh" if node.op_type == "FastGelu" else "none"
    replace(node.outputs[0], new.write("Gelu", x, approximate=approximate))
    return True


@RULES.node("fused_bias", "BiasAdd", domain=CONTRIB)
def fused_bias(node: ir.Node) -> bool:
    """Write a sum of three.

    Before: com.microsoft.BiasAdd(x, b, y)
    After:  Add(Add(x, b), y)
    """
    new = _Writer(node)
    replace(node.outputs[0], new.sum(*node.inputs))
    return True


@RULES.node("fused_product", "FusedMatMul", "TransposeMatMul", domain=CONTRIB)
def fused_product(node: ir.Node) -> bool:
    """Write a product of transposed matrices with a factor.

    Before: com.microsoft.FusedMatMul<alpha, transA, transB, transBatchA, transBatchB>(a, b)
    After:  Mul(MatMul(Transpose(a), Transpose(b)), alpha)
    """
    new = _Writer(node)
    sides = [
        (new.given(at), new.attribute(f"trans{name}", 0), new.attribute(f"transBatch{name}", 0))
        for at, name in enumerate("AB")
    ]
    if any(rank(value) is None and (turned or outer) for value, turned, outer in sides):
        return False
    operands = []
    for value, turned, outer in sides:
        axes = rank(value) or 0
        if axes == 1 or not (turned or outer):
            operands.append(value)
            continue
        # Batches may lie behind the rows: [M, batches …, K].
        *perm, row, column = [*range(1, axes - 1), 0, axes - 1] if outer else range(axes)
        perm += [column, row] if turned else [row, column]
        operands.append(new.write("Transpose", value, perm=perm))
    product = new.write("MatMul", *operands)
    replace(node.outputs[0], new.scaled(product, new.attribute("alpha", 1.0)))
    return True


@RULES.node("fused_convolution", "FusedConv", "FusedGemm", domain=CONTRIB)
def fused_convolution(node: ir.Node) -> bool:
    """Write a convolution or a linear layer and the activation behind it.

    Before: com.microsoft.FusedConv<activation="Relu">(x, w, b, z) | FusedGemm<…>(a, b, c)
    After:  Relu(Add(Conv(x, w, b), z)) | Relu(Gemm(a, b, c))
    """
    new = _Writer(node)
    # Which activation takes which of a linear layer's numbers is nowhere written.
    if not new.has_known_activation() or NUMBERS & node.attributes.keys():
        return False
    own = {
        name: attr.value
        for name, attr in node.attributes.items()
        if not name.startswith("activation")
    }
    if node.op_type == "FusedConv":
        y = new.sum(new.write("Conv", *node.inputs[:3], **own), new.input(3))
    else:
        y = new.write("Gemm", *node.inputs, **own)
    replace(node.outputs[0], new.activated(y))
    return True


NUMBERS = {"activation_alpha", "activation_beta", "activation_gamma"}
"""What FusedGemm has in place of `activation_params`."""


@RULES.node(
    "fused_normalization",
    "SkipLayerNormalization",
    "SkipSimplifiedLayerNormalization",
    domain=CONTRIB,
)
def fused_normalization(node: ir.Node) -> bool:
    """Write a normalisation of a sum as both.

    Before: y, _, _, s = com.microsoft.SkipLayerNormalization(x, skip, scale, shift, bias)
    After:  s = Add(Add(x, skip), bias); y = LayerNormalization(s, scale, shift)
    """
    new = _Writer(node)
    if not new.gives_only(0, 3):
        return False
    epsilon = new.attribute("epsilon", 1e-12)
    centred = node.op_type == "SkipLayerNormalization"
    total = new.sum(new.given(0), new.given(1), new.input(4 if centred else 3))
    if centred:
        scaling = (new.given(2), new.input(3))
        y = new.write("LayerNormalization", total, *scaling, axis=-1, epsilon=epsilon)
    else:
        y = new.write("RMSNormalization", total, new.given(2), axis=-1, epsilon=epsilon)
    replace(node.outputs[0], y)
    if len(node.outputs) > 3:
        replace(node.outputs[3], total)
    return True


@RULES.node("simplified_normalization", "SimplifiedLayerNormalization")
def simplified_normalization(node: ir.Node) -> bool:
    """Write a normalisation without centring by its standard name.

    Before: SimplifiedLayerNormalization(x, scale), of ONNX Runtime
    After:  RMSNormalization(x, scale)
    """
    new = _Writer(node)
    if not new.gives_only(0):
        return False
    settings = {"axis": new.attribute("axis", -1), "epsilon": new.attribute("epsilon", 1e-5)}
    y = new.write("RMSNormalization", new.given(0), new.given(1), **settings)
    replace(node.outputs[0], y)
    return True


@RULES.node("fused_embedding", "EmbedLayerNormalization", domain=CONTRIB)
def fused_embedding(node: ir.Node) -> bool:
    """Write the embeddings of words, places and segments, and the normalisation of their sum.

    Before: y, lengths, s = com.microsoft.EmbedLayerNormalization(words, segments, …, mask, places)
    After:  s = Add(Add(Gather(W, words), Gather(P, places)), Gather(S, segments));
            y = LayerNormalization(s, scale, shift); lengths = ReduceSum(mask, 1)
    """
    new = _Writer(node)
    words, table, places = new.given(0), new.given(2), new.input(8)
    if places is None:
        sizes = new.write("Shape", words)
        sizes.type = ir.TensorType(ir.DataType.INT64)
        length = new.write("Gather", sizes, new.constant([1], "length"))
        start, axis = new.constant([0], "start"), new.constant([0], "axis")
        placed = new.write("Slice", new.given(3), start, length, axis)
    else:
        placed = new.write("Gather", new.given(3), places)
    segmented = None
    if (segments := new.input(4)) is not None:
        segmented = new.write("Gather", segments, new.given(1))
    total = new.sum(new.write("Gather", table, words), placed, segmented)
    scaling = {"axis": -1, "epsilon": new.attribute("epsilon", 1e-12)}
    normalised = new.write("LayerNormalization", total, new.given(5), new.given(6), **scaling)
    results = (normalised, _lengths(new, words), total)
    for output, result in zip(list(node.outputs), results, strict=False):
        replace(output, result)
    return True


def _lengths(new: _Writer, words: ir.Value) -> ir.Value:
    """How many words of each text the mask of an embedding leaves: [N] int32."""
    axis = new.constant([1], "axis")
    mask = new.input(7)
    if mask is None:  # ONNX Runtime's kernel gives zeros then
        mask = new.write("Sub", words, words)
    return new.write("ReduceSum", mask, axis, keepdims=0)


@dataclass(frozen=True, slots=True)
class _Heads:
    """Attention between heads.

    Attributes:
        new: Writes it.
        count: Of heads.
        scale: Of the logits.
    """

    new: _Writer
    count: int
    scale: float

    @classmethod
    def of(cls, new: _Writer, width: int) -> _Heads:
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
            _UnknownMask: If it has another shape.
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
            raise _UnknownMask
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
            _UnknownMask: If the lengths are not known.
        """
        if not self.new.attribute("unidirectional", 0):
            return None
        rows, columns = _size(query, 1), _size(key, 1)
        if rows is None or columns is None:
            raise _UnknownMask
        assert like.dtype is not None
        dtype = like.dtype.numpy()
        seen = np.tril(np.ones((rows, columns), bool), columns - rows)
        return self.new.constant(np.where(seen, 0, np.finfo(dtype).min / 2).astype(dtype), "causal")


class _UnknownMask(Exception):
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
    new = _Writer(node)
    quantized = node.op_type == "QAttention"
    mask, bias = (new.input(5), None) if quantized else (new.input(3), new.input(5))
    total, past = _size(new.given(1), 1), 8 if quantized else 4
    if total is None or new.input(past) is not None or not new.gives_only(0):
        return False
    if new.attribute("do_rotary", 0):
        return False
    widths = list(new.attribute("qkv_hidden_sizes", ()) or [total // 3] * 3)
    heads = _Heads.of(new, widths[0])
    floats = new.given(3 if quantized else 1)
    try:
        causal = heads.causal(new.given(0), new.given(0), floats)
        mask = heads.masked(mask, _size(new.given(0), 1), floats)
    except _UnknownMask:
        return False
    x, weights = new.given(0), new.given(1)
    if quantized:
        x, weights = _dequantized(new, 0, 3, 6), _dequantized(new, 1, 4, 7)
    projected = new.sum(new.write("MatMul", x, weights), new.input(2))
    parts = map(heads.apart, _split(new, projected, widths, axis=-1))
    result = heads.attend(*parts, mask, causal, bias)
    replace(node.outputs[0], result)
    return True


def _dequantized(new: _Writer, at: int, scale_at: int, zero_at: int) -> ir.Value:
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
    new = _Writer(node)
    query, key, value = (new.input(at) for at in range(3))
    width = _size(query, 2)
    if key is None or value is None or width is None or rank(query) != 3 or query is None:
        return False  # packed into one
    if rank(key) not in (3, 4) or rank(value) != rank(key) or not new.reads_only(8):
        return False
    crossed = rank(key) == 4  # has its heads apart already, and no bias
    heads = _Heads.of(new, width)
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
    except _UnknownMask:
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


def _split(new: _Writer, x: ir.Value, widths: Sequence[Any], axis: int) -> list[ir.Value]:
    """Cut what belongs to queries, keys and values into three."""
    sizes = new.constant([*widths], "widths")
    return new_outputs(new.node, "Split", [x, sizes], {"axis": axis}, like=x, count=3)


@RULES.node("contrib_names", "ExpandDims", "GridSample", "Trilu", domain=CONTRIB)
def contrib_names(node: ir.Node) -> bool:
    """Write an operator that ONNX has taken over by its standard name.

    Before: com.microsoft.ExpandDims(x, axis) | Trilu(x, k) | GridSample(x, grid)
    After:  Unsqueeze(x, axis) | Trilu(x, k) | GridSample(x, grid)
    """
    new = _Writer(node)
    own = {name: attr.value for name, attr in node.attributes.items()}
    if node.op_type == "ExpandDims":
        axis = new.write("Reshape", new.given(1), new.constant([1], "one"))
        result = new.write("Unsqueeze", new.given(0), new.cast(axis, ir.DataType.INT64))
    else:
        if "mode" in own:
            own["mode"] = RENAMED.get(own["mode"], own["mode"])
        result = new.write(node.op_type, *node.inputs, **own)
    replace(node.outputs[0], result)
    return True


RENAMED = {"bilinear": "linear", "bicubic": "cubic"}
"""Interpolations, by the name that they had before ONNX took GridSample to more dimensions."""
