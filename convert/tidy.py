"""Tidies an exported ONNX model: names of its own, no trace of the folder it was made in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import onnx_ir as ir

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SCOPES = "pkg.torch.onnx.name_scopes"
"""Node metadata key: a list literal of module paths, outermost first."""

WRAPPER = "module"


def tidy(model: ir.Model, inputs: Sequence[str], outputs: Sequence[str]) -> None:
    """Strip source paths, give inputs and outputs their names, and call a free size "batch"."""
    _strip_metadata(model)
    _name_batch(model)
    _rename_borders(model, inputs, outputs)


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


def _name_batch(model: ir.Model) -> None:
    """Call the one free size "batch": torch.export's own name for it is a number."""
    symbols = {
        str(size)
        for value in model.graph.inputs
        for size in (value.shape or ())
        if isinstance(size, ir.SymbolicDim)
    }
    for value in _values(model.graph):
        for i, size in enumerate(value.shape or ()):
            if value.shape is not None and str(size) in symbols:
                value.shape[i] = "batch"


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
