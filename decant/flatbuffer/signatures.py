"""Unites `.tflite` graphs as signatures of one file that share their constants, and parts them."""

from __future__ import annotations

import copy
import itertools
from typing import TYPE_CHECKING, Any

from ai_edge_litert import schema_py_generated as schema

from decant.errors import DataError

from .graph import LOWEST_RUNTIME, Graph, text
from .packing import listed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

# Of the schema's options: how those end that hold the number of a subgraph, or some.
SUBGRAPH_NUMBERS = ("subgraphindex", "subgraphindices", "calledcomputations")


def signature_keys(graph: Graph) -> list[str]:
    """Name the signatures of a file, in its order."""
    return [text(signature.signatureKey) for signature in listed(graph.model.signatureDefs)]


def united(graphs: Mapping[str, Graph]) -> Graph:
    """Make one file with a signature for each graph.

    Before: a file for each key, of one signature and constants of its own
    After:  one file, whose signatures are called by these keys, with each constant once

    Subgraphs follow one another; those that a WHILE or an IF runs are numbered anew. The same
    graphs in the same order give the same file.

    Args:
        graphs: Signature key → file of one signature; none of them is changed.

    Raises:
        DataError: If a file has several signatures, or constants outside of it.
    """
    made = schema.ModelT()
    made.version, made.buffers, made.operatorCodes = 3, [schema.BufferT()], []
    made.subgraphs, made.signatureDefs = [], []
    stored: dict[bytes, int] = {}
    for key, graph in graphs.items():
        own = _copied(graph)
        if len(signature_keys(own)) > 1:
            raise DataError(
                f"{key}: the file has several signatures already: {', '.join(signature_keys(own))};"
                " give files of one each"
            )
        if listed(own.model.externalBuffers):
            raise DataError(
                f"{key}: the file keeps constants in other files, which cannot be shared; give one"
                " that holds all of its own"
            )
        _append(made, own.model, key, stored)
    made.metadata = _metadata(list(graphs.values()), made, stored)
    return Graph(made)


def parted(graph: Graph) -> dict[str, Graph]:
    """Make a file of each signature of one: what `united` has united.

    A file without signatures, or with one, is a file by itself.
    """
    keys = signature_keys(_copied(graph))
    return {key: _alone(_copied(graph).model, number) for number, key in enumerate(keys)}


def _copied(graph: Graph) -> Graph:
    """Copy all but the content of buffers, with a signature in any case."""
    model = copy.copy(graph.model)
    model.buffers = list(model.buffers)
    for part in ("subgraphs", "operatorCodes", "signatureDefs", "metadata"):
        setattr(model, part, copy.deepcopy(getattr(model, part)))
    made = Graph(model)
    made.ensure_signature()
    return made


def _append(made: Any, model: Any, key: str, stored: dict[bytes, int]) -> None:
    """Put all of a model behind what is there."""
    first, codes = len(made.subgraphs), [_code(made, code) for code in model.operatorCodes]
    for subgraph in model.subgraphs:
        for tensor in subgraph.tensors:
            if tensor.buffer:
                tensor.buffer = _stored(made, model.buffers[tensor.buffer], stored)
        for operator in subgraph.operators:
            operator.opcodeIndex = codes[operator.opcodeIndex]
        made.subgraphs.append(subgraph)
    _renumber(model.subgraphs, lambda number: number + first)
    (signature,) = model.signatureDefs
    signature.signatureKey = key.encode()
    signature.subgraphIndex += first
    made.signatureDefs.append(signature)


def _alone(model: Any, number: int) -> Graph:
    """Leave of a model one signature and the subgraphs that it reaches; its own comes first."""
    signature = model.signatureDefs[number]
    reached = [int(signature.subgraphIndex)]
    for each in reached:  # grows on the way
        runs = (numbers for _, _, numbers in _subgraph_numbers([model.subgraphs[each]]))
        found = dict.fromkeys(itertools.chain.from_iterable(runs))
        reached.extend(other for other in found if other not in reached)
    model.subgraphs = [model.subgraphs[each] for each in reached]
    _renumber(model.subgraphs, reached.index)
    signature.subgraphIndex = 0
    model.signatureDefs = [signature]
    return Graph(model)


def _renumber(subgraphs: Sequence[Any], new: Callable[[int], int]) -> None:
    """Let operators run the same subgraphs under other numbers."""
    for options, name, numbers in list(_subgraph_numbers(subgraphs)):
        changed = [new(number) for number in numbers]
        single = isinstance(getattr(options, name), int)
        setattr(options, name, changed[0] if single else changed)


def _subgraph_numbers(subgraphs: Sequence[Any]) -> Iterator[tuple[Any, str, list[int]]]:
    """Yield where operators name subgraphs that they run: options, field, the numbers."""
    for operator in (operator for subgraph in subgraphs for operator in subgraph.operators):
        for options in (operator.builtinOptions, operator.builtinOptions2):
            for name, value in () if options is None else list(vars(options).items()):
                called = name == "subgraph" and isinstance(options, schema.CallOptionsT)
                if called or name.lower().endswith(SUBGRAPH_NUMBERS):
                    numbers = [value] if isinstance(value, int) else listed(value)
                    yield options, name, [int(number) for number in numbers]


def _code(made: Any, wanted: Any) -> int:
    """Find an operator code, of the version that does the most, or add it."""
    for index, known in enumerate(made.operatorCodes):
        if _kind(known) == _kind(wanted):
            known.version = max(known.version, wanted.version)
            return index
    made.operatorCodes.append(wanted)
    return len(made.operatorCodes) - 1


def _kind(code: Any) -> tuple[int, str]:
    return max(code.builtinCode, code.deprecatedBuiltinCode), text(code.customCode)


def _stored(made: Any, buffer: Any, stored: dict[bytes, int]) -> int:
    """Store a buffer, or find its equal."""
    content = b"" if buffer.data is None else bytes(buffer.data)
    if content not in stored:
        made.buffers.append(buffer)
        stored[content] = len(made.buffers) - 1
    return stored[content]


def _metadata(graphs: Sequence[Graph], made: Any, stored: dict[bytes, int]) -> list[Any]:
    """Take over what is stated of the first file, and the newest runtime that any of them needs."""
    needed = [graph.lowest_runtime for graph in graphs]
    stated = [version for version in needed if version is not None]
    newest = graphs[needed.index(max(stated, key=_version))] if stated else None
    chosen = [entry for entry in listed(graphs[0].model.metadata) if not _is_runtime(entry)]
    kept = [(graphs[0], entry) for entry in chosen]
    if newest is not None and len(stated) == len(needed):
        kept += [(newest, each) for each in listed(newest.model.metadata) if _is_runtime(each)]
    entries = []
    for graph, entry in kept:
        entries.append(copy.copy(entry))
        entries[-1].buffer = _stored(made, graph.model.buffers[entry.buffer], stored)
    return entries


def _is_runtime(entry: Any) -> bool:
    return text(entry.name) == LOWEST_RUNTIME


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdigit())
