"""Says where PyTorch and its exported ONNX file begin to differ, in the module's own words."""

from __future__ import annotations

import copy
from collections import Counter
from typing import TYPE_CHECKING, Any

import onnx_ir as ir
import torch
from onnx_ir.passes import common

from .parity import compare, compare_all
from .pytorch import TensorsOnly, run_torch
from .reference import OnnxRuntime
from .tidy import SCOPES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import onnx
    from numpy.typing import NDArray

    Sample = Mapping[str, NDArray[Any]]


def explain(
    network: TensorsOnly, file: onnx.ModelProto, samples: Sequence[Sample], tolerance: float
) -> str:
    """Name the first module whose result differs, or say that the network amplifies rounding.

    Args:
        network: The module that was exported.
        file: What it became.
        samples: Inputs by name, in ONNX order; of some of them the outputs differ.
        tolerance: Largest relative error allowed.
    """
    rounding = max((_own_rounding(network, sample, tolerance) for sample in samples), default=0.0)
    if rounding > tolerance:
        return (
            f"PyTorch's own answer is {rounding:.2g} off its answer in double precision: these "
            "weights amplify rounding. Export trained weights, or take BatchNorm statistics from "
            "data."
        )
    for sample in samples:
        found = _first_module(network, file, sample, tolerance)
        if found is not None:
            return f"The first module whose result differs is {found}."
    return "Every module's own result agrees: the code between the modules differs."


def _own_rounding(network: TensorsOnly, sample: Sample, tolerance: float) -> float:
    """The largest relative distance of single from double precision, 0 if that cannot be told."""
    arrays = list(sample.values())
    wide = [x.astype("float64") if x.dtype == "float32" else x for x in arrays]
    try:
        double = copy.deepcopy(network).double()
        with torch.no_grad():
            exact = [x.numpy() for x in double(*map(torch.from_numpy, wide))]
    except (RuntimeError, TypeError, ValueError):  # a module with tensors of its own kind
        return 0.0
    single = run_torch(network, arrays)
    parities = compare_all("", [str(i) for i in range(len(exact))], [single], [exact], tolerance)
    return max((parity.max_relative for parity in parities), default=0.0)


def _first_module(
    network: TensorsOnly, file: onnx.ModelProto, sample: Sample, tolerance: float
) -> str | None:
    """Compare what every module returns with the values that leave its nodes in the file."""
    model = ir.from_proto(file)
    common.InlinePass()(model)
    leaving = _leaving(model.graph)
    values = _all_values(model, sample)
    kinds = {path: type(module).__name__ for path, module in network.module.named_modules()}
    for path, result in _recorded(network, sample).items():
        parities = [
            compare("", name, [values[name]], [result], tolerance)
            for name in leaving.get(path, ())
            if values[name].shape == result.shape
        ]
        best = min(parities, key=lambda parity: parity.max_relative, default=None)
        if best is not None and not best.passed:
            return (
                f"{path or 'the whole'} ({kinds[path]}), which differs by {best.max_relative:.2g}"
            )
    return None


def _recorded(network: TensorsOnly, sample: Sample) -> dict[str, NDArray[Any]]:
    """Record the tensor that each module returns, inner ones first; those called once only."""
    results: dict[str, NDArray[Any]] = {}
    calls: Counter[str] = Counter()

    def keep(path: str) -> Any:
        def hook(module: torch.nn.Module, inputs: Any, output: Any) -> None:
            calls[path] += 1
            if isinstance(output, torch.Tensor):
                results[path] = output.detach().numpy()

        return hook

    handles = [m.register_forward_hook(keep(p)) for p, m in network.module.named_modules()]
    try:
        run_torch(network, list(sample.values()))
    finally:
        for handle in handles:
            handle.remove()
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
