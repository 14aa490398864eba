"""What a file refers to by number is the same after others have joined it or left."""

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from decant.errors import DataError
from decant.flatbuffer import empty_graph, parted, united
from decant.flatbuffer.graph import Graph


def with_bodies(kind, options, second=False):
    """A file of three subgraphs, of which the first has an operator that runs the others."""
    graph = empty_graph((2, 3))
    model = graph.model
    model.subgraphs += [empty_graph((2, 3)).subgraph for _ in range(2)]
    y = graph.add_tensor("y", (2, 3))
    operator = graph.operator(kind, graph.inputs, y, None if second else options)
    if second:
        operator.builtinOptions2 = options
        operator.builtinOptions2Type = getattr(
            schema.BuiltinOptions2, type(options).__name__.removesuffix("T")
        )
    graph.subgraph.operators, graph.subgraph.outputs = [operator], [y]
    return Graph.from_bytes(graph.to_bytes())


def call_once():
    options = schema.CallOnceOptionsT()
    options.initSubgraphIndex = 2
    return with_bodies("CALL_ONCE", options), lambda o: [o.builtinOptions.initSubgraphIndex]


def choice():
    options = schema.IfOptionsT()
    options.thenSubgraphIndex, options.elseSubgraphIndex = 1, 2
    return with_bodies("IF", options), lambda o: [
        o.builtinOptions.thenSubgraphIndex, o.builtinOptions.elseSubgraphIndex
    ]  # fmt: skip


def composite():
    options = schema.StableHLOCompositeOptionsT()
    options.name, options.decompositionSubgraphIndex = b"odml.rms_norm", 2
    return with_bodies("STABLEHLO_COMPOSITE", options, second=True), lambda o: [
        o.builtinOptions2.decompositionSubgraphIndex
    ]


def case():
    options = schema.StablehloCaseOptionsT()
    options.branchSubgraphIndices = [1, 2]
    return with_bodies("STABLEHLO_CASE", options, second=True), lambda o: list(
        o.builtinOptions2.branchSubgraphIndices
    )


@pytest.mark.parametrize("kind", [call_once, choice, composite, case])
def test_subgraphs_that_an_operator_runs_are_numbered_anew(kind):
    graph, numbers = kind()
    own = numbers(graph.operators[0])
    both = Graph.from_bytes(united({"one": graph, "other": graph}).to_bytes())
    (operator,) = both.model.subgraphs[3].operators
    assert numbers(operator) == [number + 3 for number in own]
    alone = parted(both)["other"]
    bodies = [alone.model.subgraphs[number] for number in numbers(alone.operators[0])]
    assert [len(body.tensors) for body in bodies] == [1] * len(own)
    assert len(alone.model.subgraphs) == 1 + len(own)


def test_metadata_of_old_files_keeps_its_buffers():
    graph = empty_graph((2, 3))
    graph.subgraph.outputs = graph.inputs
    for content in (b"unused", b"stated"):
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(content, np.uint8)
        graph.model.buffers.append(buffer)
    graph.model.metadataBuffer = [2]
    read = Graph.from_bytes(graph.to_bytes()).model
    (number,) = read.metadataBuffer
    assert bytes(read.buffers[number].data) == b"stated"
    assert len(read.buffers) == 2


def test_files_whose_constants_lie_elsewhere_are_not_united():
    graph = empty_graph((2, 3))
    graph.model.externalBuffers = [schema.ExternalBufferT()]
    with pytest.raises(DataError, match=r"^small: the file keeps constants in other files"):
        united({"small": graph})
