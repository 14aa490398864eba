"""Cleans an exported ONNX model: names of its own, no trace of the folder it was made in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import onnx_ir as ir

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

SCOPES = "pkg.torch.onnx.name_scopes"
"""Node metadata key: a list literal of module paths, outermost first."""

WRAPPER = "module"


def clean_export(
    model: ir.Model,
    inputs: Sequence[str],
    outputs: Sequence[str],
    sizes: Mapping[str, Mapping[int, str]],
) -> None:
    """Strip source paths, and give inputs, outputs and free sizes their names.

    Args:
        model: To clean.
        inputs: Names of the inputs.
        outputs: Names of the outputs.
        sizes: Names of free sizes: input → axis → name.
    """
    _register_lost_constants(model.graph)
    _strip_metadata(model)
    _name_free_sizes(model, inputs, sizes)
    _rename_borders(model, inputs, outputs)


def _register_lost_constants(graph: ir.Graph) -> None:
    """Give the graph the constants that its nodes take, but that it does not know of.

    onnxscript 0.7 names the bounds of a Clip after its input when it makes one of Min and Max; of
    two Clips of one value it drops the first one's.
    """
    taken = {str(value.name) for value in (*graph.initializers.values(), *_values(graph))}
    for value in [value for node in graph.all_nodes() for value in node.inputs if value]:
        known = value.producer() or value.is_graph_input() or value.is_initializer()
        if not known and value.const_value is not None:
            value.name = _free(str(value.name), taken)
            graph.register_initializer(value)


def _strip_metadata(model: ir.Model) -> None:
    """Keep module paths only: stack traces and class names would tie the bytes to a folder."""
    model.metadata_props.clear()
    model.doc_string = None
    model.graph.metadata_props.clear()
    model.graph.doc_string = None
    for node in model.graph.all_nodes():
        scopes = node.metadata_props.get(SCOPES)
        node.metadata_props.clear()
        node.doc_string = None
        if scopes:
            node.metadata_props[SCOPES] = _without_prefix(scopes)
        for value in node.outputs:
            value.metadata_props.clear()
    for value in (*model.graph.inputs, *model.graph.initializers.values()):
        value.metadata_props.clear()
        value.doc_string = None


def _name_free_sizes(
    model: ir.Model, inputs: Sequence[str], given: Mapping[str, Mapping[int, str]]
) -> None:
    """Give free sizes names that say where they come from: torch.export's are numbers.

    Without a given name the size of every input's first axis is "batch"; another is named by its
    first place.
    """
    names: dict[str, str] = {}
    shapes = [value.shape or () for value in model.graph.inputs]
    first = {str(shape[0]) for shape in shapes if shape and not isinstance(shape[0], int)}
    for name, shape in zip(inputs, shapes, strict=True):
        for axis, size in enumerate(shape):
            if not isinstance(size, int):
                batch = axis == 0 and len(first) == 1
                place = "batch" if batch else f"{name}_{axis}"
                names.setdefault(str(size), given.get(name, {}).get(axis, place))
    if not names:
        return
    known = re.compile(r"\b(" + "|".join(map(re.escape, names)) + r")\b")

    def named(size: int | ir.SymbolicDim) -> int | ir.SymbolicDim | str:
        if isinstance(size, int) or size.value is None:
            return size
        return known.sub(lambda found: names[found[1]], str(size.value))

    for value in _values(model.graph):
        if value.shape is not None:
            value.shape = ir.Shape([named(size) for size in value.shape])


def _without_prefix(scopes: str) -> str:
    """Remove our wrapper's own level from a list literal of module paths."""
    names = [part.strip().strip("'\"") for part in scopes.strip("[]").split(",")]
    if WRAPPER in names:
        names.remove(WRAPPER)
    return repr([name.removeprefix(f"{WRAPPER}.") for name in names])


def _rename_borders(model: ir.Model, inputs: Sequence[str], outputs: Sequence[str]) -> None:
    taken = set(inputs) | set(outputs)
    for value in _values(model.graph):
        if value.name in taken:
            value.name = _free(f"{value.name}_inner", taken)
    for value in list(model.graph.initializers.values()):
        value.name = _free((value.name or "").removeprefix(f"{WRAPPER}."), taken)
    for value, name in zip(model.graph.inputs, inputs, strict=True):
        value.name = name
    for value, name in zip(model.graph.outputs, outputs, strict=True):
        value.name = name if name not in inputs else _free(f"{name}_output", taken)


def _values(graph: ir.Graph) -> Iterator[ir.Value]:
    yield from graph.inputs
    for node in graph.all_nodes():
        yield from node.outputs


def _free(name: str, taken: set[str]) -> str:
    """Find a name not in `taken` and take it."""
    candidate, count = name, 1
    while candidate in taken:
        candidate, count = f"{name}_{count}", count + 1
    taken.add(candidate)
    return candidate
