"""Turns a float `.tflite` into a candidate through litert-quantizer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from decant.errors import InternalError, SpecError
from decant.flatbuffer.graph import Graph

from .bias_room import make_room
from .pure.borders import integer_borders
from .pure.folding import fold
from .pure.masks import bound_masks
from .recipes import quantizer_version
from .schemes import SCHEMES, kinds_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from decant.quantization import SchemeName

    from .recipes import Recipe

# What the library raises on a graph or a recipe that it cannot handle.
LIBRARY_FAILURES = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)
# The library's name of an operator where it is not the schema's.
LIBRARY_NAMES = {"TRANSPOSE_CONV": "CONV_2D_TRANSPOSE"}
ADVICE = ". Keep the operators it names in float (`keep_float`) or leave the recipe out"
ALL = "*"
# Operators that take the last of their inputs apart; every part has its type and scale.
PARTING = ("SPLIT", "UNPACK")
# Stands before the names of what loops compute while the library works.
IN_LOOP = "in a loop: "


def transform(model: bytes, recipe: Recipe) -> bytes:
    """Make one candidate.

    The recipe names no input and no output, so that the library puts QUANTIZE and DEQUANTIZE inside
    the file; they are taken out where borders shall be int8.

    Args:
        model: The float flatbuffer.
        recipe: What becomes of which operators; a static one with its ranges.

    Raises:
        SpecError: The recipe asks for something that the library does not know.
        InternalError: The library failed.
    """
    from litert_quantizer import quantizer

    asked = library_recipe(_without_loops(_without_constant_factors(recipe, model)))
    try:
        library = quantizer.Quantizer(bytearray(_prepared(model, recipe)), asked)
    except (ValueError, KeyError) as error:
        raise SpecError(f"recipe {recipe.name!r}: {_refusal(recipe, error)}") from error
    limits = {
        name: {"min": np.asarray(low, np.float32), "max": np.asarray(high, np.float32)}
        for name, (low, high) in recipe.ranges.items()
    }
    try:
        result = library.quantize(limits or None, enable_progress_report=False)
    except LIBRARY_FAILURES as error:
        raise InternalError(
            f"{quantizer_version()} cannot make {recipe.name!r}: {type(error).__name__}: {error}"
            f"{ADVICE}"
        ) from error
    made = Graph.from_bytes(bytes(result.quantized_model))
    _unmark_loops(made)
    _read_integers(made)
    _type_unread_parts(made)
    _restore_outputs(Graph.from_bytes(model), made)
    if recipe.pure:
        fold(made, recipe.ranges, symmetric=recipe.symmetric)
    if recipe.borders == "int8":
        integer_borders(made, recipe.ranges, symmetric=recipe.symmetric)
    return made.to_bytes()


def _refusal(recipe: Recipe, error: Exception) -> str:
    """Say which kind of operator the library does not make in a scheme; else what it says."""
    from litert_quantizer import recipe_manager

    for rule in recipe.rules:
        for kind in kinds_of(rule):
            entry = _entry(recipe, rule.scheme, ".*", kind)
            try:
                recipe_manager.RecipeManager().load_quantization_recipe([entry])
            except (ValueError, KeyError):
                taken = ", ".join(SCHEMES[rule.scheme].kinds)
                return (
                    f"{quantizer_version()} makes no {rule.scheme} {kind}; leave {kind} out of the"
                    f" kinds, or give it another scheme. What has {rule.scheme} as a rule is"
                    f" {taken}"
                )
    return f"{quantizer_version()} refuses it: {error}"


def _prepared(model: bytes, recipe: Recipe) -> bytes:
    """Leave out outputs that are inputs, or outputs already, and mark what loops compute.

    The library confuses such outputs. Biases that it cannot count get room, and where all is to be
    integers, masks are bounded.
    """
    graph = Graph.from_bytes(model)
    make_room(graph, recipe)
    if recipe.pure:
        bound_masks(graph, recipe.ranges)
    graph.set_outputs({name: tensor for tensor, name in _plain_outputs(graph).items()})
    for tensor in _in_loops(graph):
        tensor.name = IN_LOOP.encode() + tensor.name
    return graph.to_bytes()


def _without_loops(recipe: Recipe) -> Recipe:
    """Keep float what no range is measured of: the loops of a recipe with ranges."""
    if not recipe.ranged:
        return recipe
    return recipe.model_copy(update={"keep_float": (*recipe.keep_float, f"^{IN_LOOP}")})


def _without_constant_factors(recipe: Recipe, model: bytes) -> Recipe:
    """Keep products with constants float, such as those of a recurrent layer's two directions.

    The library gives the constant a scale per channel, of which LiteRT's BATCH_MATMUL reads the
    first (2.3): the numbers would be wrong. XNNPACK has no such product.
    """
    graph = Graph.from_bytes(model)
    names = [
        re.escape(";".join(graph.name(int(tensor)) for tensor in operator.outputs))
        for operator in graph.operators
        if graph.kind(operator) == "BATCH_MATMUL"
        and any(graph.constant(int(tensor)) is not None for tensor in operator.inputs)
    ]
    kept = (f"^(?:{'|'.join(names)});?$",) if names and recipe.ranged else ()
    return recipe.model_copy(update={"keep_float": (*recipe.keep_float, *kept)})


def _unmark_loops(made: Graph) -> None:
    for tensor in _in_loops(made):
        tensor.name = tensor.name.removeprefix(IN_LOOP.encode())


def _in_loops(graph: Graph) -> Iterator[Any]:
    """Yield the tensors of the graphs that a WHILE runs."""
    for subgraph in graph.model.subgraphs[1:]:
        yield from subgraph.tensors


def _plain_outputs(graph: Graph) -> dict[int, str]:
    """Map each computed output once to its first name."""
    names = {tensor: name for name, tensor in reversed(graph.signature_outputs().items())}
    return {tensor: names[tensor] for tensor in graph.outputs if tensor not in graph.inputs}


def _read_integers(made: Graph) -> None:
    """Let operators that give integers read integers.

    Before: y: int8 → DEQUANTIZE → output; LOGISTIC(output) → int8
    After:  y: int8 → DEQUANTIZE → output; LOGISTIC(y) → int8

    The library puts all readers of an output behind its DEQUANTIZE, those that it made int8 too
    (0.10); LiteRT refuses such a file, or computes nonsense.
    """
    integers = _scalings(made, "DEQUANTIZE")
    for operator in made.operators:
        computes = made.kind(operator) not in ("CAST", "QUANTIZE")
        if computes and any(made.is_quantized(int(tensor)) for tensor in operator.outputs):
            operator.inputs = [integers.get(int(index), int(index)) for index in operator.inputs]


def _scalings(made: Graph, kind: str) -> dict[int, int]:
    """Map what each QUANTIZE or DEQUANTIZE writes to what it reads."""
    return {
        int(operator.outputs[0]): int(operator.inputs[0])
        for operator in made.operators
        if made.kind(operator) == kind
    }


def _type_unread_parts(made: Graph) -> None:
    """Give the parts of a SPLIT or UNPACK that nothing reads the type of the whole.

    Before: x: int8 → SPLIT → y: int8, z: float, which nothing reads
    After:  x: int8 → SPLIT → y: int8, z: int8

    The library leaves such a part float (0.10), and neither XNNPACK nor LiteRT's own kernels take
    an operator of both types. The gates of an LSTM whose first cell is zero are such a SPLIT.
    """
    read = {*made.readers(), *made.outputs}
    for operator in made.operators:
        if made.kind(operator) not in PARTING:
            continue
        whole = made.subgraph.tensors[int(operator.inputs[-1])]
        for part in (int(index) for index in operator.outputs):
            if part not in read:
                tensor = made.subgraph.tensors[part]
                tensor.type, tensor.quantization = whole.type, whole.quantization


def _restore_outputs(original: Graph, made: Graph) -> None:
    """Give a file all outputs of the original, under their names and with their free sizes.

    The library leaves the name of an output that is read on to its integer form, be that the form
    which the next operator reads (0.10), and makes its sizes those at conversion.
    """
    source, real = _scalings(made, "QUANTIZE"), _scalings(made, "DEQUANTIZE")
    computed = [source.get(tensor, tensor) for tensor in made.outputs]
    floats = {integers: result for result, integers in real.items()}
    outputs = [floats.get(tensor, tensor) for tensor in computed]
    now = dict(zip(original.inputs, made.inputs, strict=True))
    now.update(zip(_plain_outputs(original), outputs, strict=True))
    for old, new in now.items():
        made.copy_shape(original, old, new)
    made.set_outputs({name: now[old] for name, old in original.signature_outputs().items()})


def library_recipe(recipe: Recipe) -> list[dict[str, Any]]:
    """Write a recipe in the library's own format, in which the last entry that fits counts.

    Entries of one pattern count as of the place of the first of them, so that each group's
    patterns begin with a comment of their own.
    """
    return [
        _entry(recipe, group.scheme, f"(?#{number}){pattern}" if number else pattern, kind)
        for number, group in enumerate(recipe.rules)
        for pattern in group.tensors or (".*",)
        for kind in kinds_of(group) or (ALL,)
    ]


def _entry(recipe: Recipe, name: SchemeName, pattern: str, kind: str) -> dict[str, Any]:
    scheme = SCHEMES[name]
    return {
        "regex": pattern,
        "operation": LIBRARY_NAMES.get(kind, kind),
        "algorithm_key": scheme.algorithm,
        "op_config": scheme.config(recipe.granularity, symmetric=recipe.symmetric),
    }
