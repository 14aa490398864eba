"""Says where PyTorch and its exported ONNX file begin to differ, in the module's own words."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx_ir as ir
import torch
from onnx_ir.passes import common

from decant.onnx_runtime import OnnxRuntime
from decant.parity import Parity, compare, compare_all

from ..export.clean_export import SCOPES
from ..export.pytorch import TensorsOnly, run_torch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import onnx
    from numpy.typing import NDArray

    Sample = Mapping[str, NDArray[Any]]


def explain(
    network: TensorsOnly,
    file: onnx.ModelProto,
    samples: Sequence[Sample],
    failed: Sequence[Parity],
) -> str:
    """Name the first module whose result differs, or say that the network amplifies rounding.

    Args:
        network: The module that was exported.
        file: What it became.
        samples: Inputs by name, in ONNX order; of some of them the outputs differ.
        failed: The outputs over tolerance.
    """
    if all(parity.is_amplified for parity in failed):
        rounding = max(parity.rounding or 0.0 for parity in failed)
        return (
            f"PyTorch's own answer is {rounding:.2g} off its answer in double precision: these "
            "weights amplify rounding. Export trained weights, or take BatchNorm statistics from "
            "data."
        )
    for sample in samples:
        found = _first_module(network, file, sample, failed[0].tolerance)
        if found is not None:
            return f"The first module whose result differs is {found}."
    return "Every module's own result agrees: the code between the modules differs."


def _first_module(
    network: TensorsOnly, file: onnx.ModelProto, sample: Sample, tolerance: float
) -> str | None:
    """Find the module with whose result from the file PyTorch's own outputs begin to differ.

    An error may be far below the tolerance where it arises and far above it behind a subtraction,
    so no result is judged by itself: PyTorch goes on from those that the file gives.
    """
    results = _recorded(network, sample)
    theirs = _of_file(file, sample, results)
    paths = [path for path in results if path in theirs]
    expected = run_torch(network, list(sample.values()))

    def differs(count: int) -> bool:
        given = {path: theirs[path] for path in paths[:count]}
        found = _continued(network, sample, given)
        names = [str(i) for i in range(len(expected))]
        return not all(p.passed for p in compare_all("", names, [found], [expected], tolerance))

    low, high = 0, len(paths)
    if not high or not differs(high):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if differs(middle) else (middle, high)
    path = paths[high - 1]
    before = {other: theirs[other] for other in paths[: high - 1]}
    own = _recorded(network, sample, before).get(path, results[path])
    error = compare("", path, [theirs[path]], [own], tolerance).max_relative
    kind = type(network.module.get_submodule(path)).__name__
    return f"{path or 'the whole'} ({kind}), which differs by {error:.2g} on the same inputs"


def _of_file(
    file: onnx.ModelProto, sample: Sample, results: Mapping[str, NDArray[Any]]
) -> dict[str, NDArray[Any]]:
    """What the file gives for a module's result: of the values that leave it, the nearest."""
    model = ir.from_proto(file)
    common.InlinePass()(model)
    leaving = _leaving(model.graph)
    values = _all_values(model, sample)
    found = {}
    for path, result in results.items():
        fitting = [
            values[name] for name in leaving.get(path, ()) if values[name].shape == result.shape
        ]
        if fitting:
            distances = [compare("", path, [x], [result], 0.0).max_relative for x in fitting]
            found[path] = fitting[int(np.argmin(distances))].astype(result.dtype)
    return found


def _continued(
    network: TensorsOnly, sample: Sample, given: Mapping[str, NDArray[Any]]
) -> list[NDArray[Any]]:
    """Run the network with the results of some modules replaced."""
    with _hooked(network, lambda path, _: _tensor(given.get(path))):
        return run_torch(network, list(sample.values()))


def _tensor(array: NDArray[Any] | None) -> torch.Tensor | None:
    return None if array is None else torch.from_numpy(np.array(array))


@contextmanager
def _hooked(
    network: TensorsOnly, keep: Callable[[str, torch.Tensor], torch.Tensor | None]
) -> Iterator[None]:
    """Show every tensor that a module returns to a function, which may replace it."""

    def hook(path: str) -> Any:
        def replaced(module: torch.nn.Module, inputs: Any, output: Any) -> Any:
            return keep(path, output) if isinstance(output, torch.Tensor) else None

        return replaced

    handles = [m.register_forward_hook(hook(path)) for path, m in network.module.named_modules()]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _recorded(
    network: TensorsOnly, sample: Sample, given: Mapping[str, NDArray[Any]] | None = None
) -> dict[str, NDArray[Any]]:
    """Record the tensor that each module returns, inner ones first; those called once only."""
    results: dict[str, NDArray[Any]] = {}
    calls: Counter[str] = Counter()

    def keep(path: str, output: torch.Tensor) -> torch.Tensor | None:
        calls[path] += 1
        results[path] = output.detach().numpy()
        return _tensor((given or {}).get(path))

    with _hooked(network, keep):
        run_torch(network, list(sample.values()))
    return {path: result for path, result in results.items() if calls[path] == 1}


def _leaving(graph: ir.Graph) -> dict[str, list[str]]:
    """Module path → names of the values that are made inside it and read outside."""
    found: dict[str, list[str]] = {}
    inside = {node: _scopes(node) for node in graph}
    for node, paths in inside.items():
        for value in node.outputs:
            for path in paths:
                read = any(path not in inside.get(user, ()) for user in value.consumers())
                if value.name and (read or value.is_graph_output()):
                    found.setdefault(path, []).append(value.name)
    return found


def _scopes(node: ir.Node) -> tuple[str, ...]:
    """The modules that a node was made in, outermost first; the last entry is its own name."""
    scopes = node.metadata_props.get(SCOPES, "")
    return tuple(part.strip(" '\"") for part in scopes.strip("[]").split(","))[:-1]


def _all_values(model: ir.Model, sample: Sample) -> dict[str, NDArray[Any]]:
    graph = model.graph
    known = set(graph.outputs)
    for node in graph:
        graph.outputs.extend(v for v in node.outputs if v.name and v not in known)
    data = ir.serde.serialize_model(model).SerializeToString()
    return dict(OnnxRuntime(data, optimize=False).run(sample))
