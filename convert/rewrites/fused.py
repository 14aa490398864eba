"""Writes operators that ONNX Runtime's optimiser has fused as the standard ones they stand for.

What each computes stands in ONNX Runtime's list of its own operators (ContribOperators.md), and in
its CPU kernels where that says nothing.
"""

from __future__ import annotations

import onnx_ir as ir

from decant.graph.edit import rank, replace
from decant.graph.rewrite import Rewrites

from .fused_writer import Writer
from .quantized import CONTRIB

RULES = Rewrites()


@RULES.node("fused_gelu", "Gelu", "BiasGelu", "FastGelu", "QuickGelu", domain=CONTRIB)
def fused_gelu(node: ir.Node) -> bool:
    """Write a GELU that takes in a bias, or an approximation of its own.

    Before: com.microsoft.BiasGelu(x, b) | FastGelu(x, b) | QuickGelu(x)
    After:  Gelu(Add(x, b)) | Gelu<approximate="tanh">(Add(x, b)) | Mul(x, Sigmoid(1.702 * x))
    """
    new = Writer(node)
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
    new = Writer(node)
    replace(node.outputs[0], new.sum(*node.inputs))
    return True


@RULES.node("fused_product", "FusedMatMul", "TransposeMatMul", domain=CONTRIB)
def fused_product(node: ir.Node) -> bool:
    """Write a product of transposed matrices with a factor.

    Before: com.microsoft.FusedMatMul<alpha, transA, transB, transBatchA, transBatchB>(a, b)
    After:  Mul(MatMul(Transpose(a), Transpose(b)), alpha)
    """
    new = Writer(node)
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
    new = Writer(node)
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
    new = Writer(node)
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
    new = Writer(node)
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
    new = Writer(node)
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


def _lengths(new: Writer, words: ir.Value) -> ir.Value:
    """How many words of each text the mask of an embedding leaves: [N] int32."""
    axis = new.constant([1], "axis")
    mask = new.input(7)
    if mask is None:  # ONNX Runtime's kernel gives zeros then
        mask = new.write("Sub", words, words)
    return new.write("ReduceSum", mask, axis, keepdims=0)


@RULES.node("contrib_names", "ExpandDims", "GridSample", "Trilu", domain=CONTRIB)
def contrib_names(node: ir.Node) -> bool:
    """Write an operator that ONNX has taken over by its standard name.

    Before: com.microsoft.ExpandDims(x, axis) | Trilu(x, k) | GridSample(x, grid)
    After:  Unsqueeze(x, axis) | Trilu(x, k) | GridSample(x, grid)
    """
    new = Writer(node)
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
