"""PyTorch to ONNX through `torch.export`, checked against PyTorch in ONNX Runtime."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import onnx_ir as ir
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils import _pytree as pytree

from decant.artifacts import write_bytes
from decant.errors import ParityError, SpecError, UnsupportedOp
from decant.user_code import fault

from .blame import explain
from .parity import Parity, compare_all
from .pt2 import load_pt2, pt2_reference, stored_example
from .pytorch import TensorsOnly, leaf_names, run_torch
from .quiet import first_line, quiet
from .reference import OnnxRuntime
from .rounding import of_module, told
from .tidy import tidy
from .translations import TRANSLATIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import onnx
    from numpy.typing import NDArray

logger = logging.getLogger(__name__)

OPSET = 20  # torch.onnx's own default: Gelu is one node, and every current runtime reads it


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """How to export.

    Attributes:
        output_names: Names for the outputs in order; None takes dictionary keys and field names.
        dynamic_batch: Leave the first axis of every input free instead of fixed at the example's.
        opset: Operator set version of the file, 18 or later.
        tolerance: Largest relative error allowed between PyTorch and ONNX Runtime.
    """

    output_names: Sequence[str] | None = None
    dynamic_batch: bool = False
    opset: int = OPSET
    tolerance: float = 1e-4


def to_onnx(
    module: torch.nn.Module,
    example: Mapping[str, torch.Tensor],
    path: Path,
    options: ExportOptions | None = None,
) -> tuple[Parity, ...]:
    """Export a module to one ONNX file and check that it computes the same.

    Args:
        module: The network, in evaluation mode.
        example: Input name → tensor. Names are `forward`'s parameters, or, where they are not,
            the tensors are passed by position and the file's inputs take the given names.
        path: File to write; replaced only when everything succeeded.
        options: See `ExportOptions`.

    Returns:
        One `Parity` per output.

    Raises:
        UnsupportedOp: `torch.export` or the ONNX exporter cannot take the module.
        ParityError: ONNX Runtime's answer differs from PyTorch's.
        SpecError: The module itself fails on the example.
        DataError: The file cannot be written.
    """
    options = options or ExportOptions()
    if options.dynamic_batch:
        example = {name: _at_least_two(x) for name, x in example.items()}
    if module.training:
        raise UnsupportedOp(
            f"{type(module).__name__} is in training mode (dropout and batch statistics are "
            "active); call .eval() before exporting."
        )
    wrapped = TensorsOnly(module, tuple(example))
    _try_once(wrapped, example)
    program = _trace(wrapped, example, options)
    names = options.output_names or wrapped.output_names
    model = _translate(program, tuple(example), names, options.opset)
    return _write_checked(model, wrapped, example, path, options.tolerance)


def pt2_to_onnx(
    source: Path, path: Path, options: ExportOptions | None = None
) -> tuple[Parity, ...]:
    """Export a `.pt2` archive (`torch.export.save`) to one checked ONNX file.

    Nothing in the archive is executed: archives that hold pickled objects are refused.
    The example inputs stored in the archive serve for the check.

    Raises:
        DataError: The archive is damaged, holds pickled objects or no example inputs.
        UnsupportedOp: The ONNX exporter has no translation for one of its operators.
        ParityError: ONNX Runtime's answer differs from PyTorch's.
    """
    options = options or ExportOptions()
    program = load_pt2(source)
    example = stored_example(program, source)
    structure = pytree.tree_unflatten(
        list(range(program.call_spec.out_spec.num_leaves)), program.call_spec.out_spec
    )
    names = options.output_names or leaf_names(structure)
    model = _translate(program, tuple(example), names, options.opset)
    return _write_checked(model, pt2_reference(program), example, path, options.tolerance)


def _try_once(wrapped: TensorsOnly, example: Mapping[str, torch.Tensor]) -> None:
    """Run the module as it is: tells its own faults from the exporter's, and names the outputs."""
    try:
        with torch.no_grad():
            wrapped(*example.values())
    except Exception as error:
        shapes = ", ".join(f"{name} {tuple(x.shape)}" for name, x in example.items())
        raise SpecError(
            f"the model itself fails on its example input ({shapes}): {_where(wrapped, error)} "
            f"raised {fault(error)}; correct it, or the shape of the input"
        ) from error


def _trace(
    wrapped: TensorsOnly, example: Mapping[str, torch.Tensor], options: ExportOptions
) -> torch.export.ExportedProgram:
    """Run `torch.export`; a failure names the module in which it happened."""
    shapes = None
    if options.dynamic_batch:
        batch = torch.export.Dim("batch")
        shapes = {"inputs": tuple({0: batch} for _ in example)}
    try:
        # The strides of PyTorch's fused attention are not those of its translation to ONNX, and a
        # view behind it would not fit; plain attention's are (torch 2.13).
        with quiet(), sdpa_kernel(SDPBackend.MATH):
            return torch.export.export(
                wrapped, tuple(example.values()), dynamic_shapes=shapes, strict=False
            )
    except Exception as error:
        raise UnsupportedOp(_trace_message(wrapped, error)) from error


def _trace_message(wrapped: TensorsOnly, error: Exception) -> str:
    return (
        f"torch.export cannot trace {_where(wrapped, error)}: {fault(error)}. "
        "Make its control flow independent of tensor values, or export that part yourself."
    )


def _where(wrapped: TensorsOnly, error: BaseException) -> str:
    """Name the innermost of the user's modules in which an exception arose, with its line."""
    paths = {id(child): name for name, child in wrapped.module.named_modules()}
    where = type(wrapped.module).__name__
    trace = error.__traceback__
    while trace is not None:
        child = trace.tb_frame.f_locals.get("self")
        if isinstance(child, torch.nn.Module) and id(child) in paths:
            where = f"{paths[id(child)] or 'the model'} ({type(child).__name__})"
        trace = trace.tb_next
    return where


def _translate(
    program: torch.export.ExportedProgram,
    inputs: tuple[str, ...],
    outputs: Sequence[str],
    opset: int,
) -> ir.Model:
    """Turn an exported program into an ONNX model without source paths, with our names."""
    try:
        with quiet(), sdpa_kernel(SDPBackend.MATH):
            exported = torch.onnx.export(
                program,
                (),
                dynamo=True,
                opset_version=opset,
                custom_translation_table=TRANSLATIONS,
            )
    except Exception as error:
        raise UnsupportedOp(_translate_message(error)) from error
    if exported is None:
        raise UnsupportedOp("torch.onnx.export returned nothing; the program has no graph.")
    model: ir.Model = exported.model
    if len(outputs) != len(model.graph.outputs):
        raise UnsupportedOp(
            f"The model returns {len(model.graph.outputs)} tensors but {len(outputs)} output "
            f"names were given: {', '.join(outputs)}."
        )
    tidy(model, inputs, outputs)
    return model


def _translate_message(error: Exception) -> str:
    """Pick the innermost reason out of torch.onnx's chain of wrapped errors."""
    reasons = []
    link: BaseException | None = error
    while link is not None:
        reasons.append(f"{type(link).__name__}: {first_line(link)}")
        link = link.__cause__
    return (
        f"torch.onnx has no translation for this model: {'; '.join(reversed(reasons[1:]))} "
        "Replace that operator in the PyTorch module by ones ONNX has."
    )


def _write_checked(
    model: ir.Model,
    reference: Callable[..., tuple[torch.Tensor, ...]],
    example: Mapping[str, torch.Tensor],
    path: Path,
    tolerance: float,
) -> tuple[Parity, ...]:
    """Serialize, compare with the reference on two inputs, and only then replace `path`."""
    proto = ir.serde.serialize_model(model)
    data = proto.SerializeToString(deterministic=True)
    samples = [dict(example), _another(example)]
    arrays = [{name: x.numpy() for name, x in sample.items()} for sample in samples]
    expected = [run_torch(reference, list(sample.values())) for sample in arrays]
    runtime = OnnxRuntime(data)
    actual = [list(runtime.run(sample).values()) for sample in arrays]
    names = list(runtime.output_names)
    parities = compare_all("onnxruntime", names, actual, expected, tolerance)
    if not all(parity.passed for parity in parities):
        parities = _only_rounding(parities, actual, reference, (proto, arrays))
    write_bytes(path, data)
    return parities


def _only_rounding(
    parities: tuple[Parity, ...],
    actual: list[list[NDArray[Any]]],
    reference: Callable[..., tuple[torch.Tensor, ...]],
    what: tuple[onnx.ModelProto, Sequence[Mapping[str, NDArray[Any]]]],
) -> tuple[Parity, ...]:
    """Let pass what differs by rounding only.

    Raises:
        ParityError: Something else differs; the module at fault is named.
    """
    file, samples = what
    module = reference if isinstance(reference, TensorsOnly) else None
    precision = None if module is None else of_module(module, samples)
    found = parities if precision is None else precision.judge(parities, actual)
    failed = [parity for parity in found if not parity.passed]
    if not failed:
        for line in told(found):
            logger.warning("%s", line)
        return found
    lines = ["onnxruntime does not compute what the form before it computes:"]
    lines += [f"  {parity}" for parity in failed]
    if module is not None:
        lines.append(explain(module, file, samples, failed))
    raise ParityError("\n".join(lines))


def _at_least_two(x: torch.Tensor) -> torch.Tensor:
    """Repeat a lone sample: `torch.export` takes an axis of size 1 for a fixed one."""
    return torch.cat([x, x]) if x.shape[0] == 1 else x


def _another(example: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Make a second input of the same kind: floats get seeded noise, integers are reversed."""
    generator = torch.Generator().manual_seed(0)
    return {
        name: x + torch.randn(x.shape, generator=generator, dtype=x.dtype)
        if x.is_floating_point()
        else x.flatten().flip(0).reshape(x.shape)
        for name, x in example.items()
    }
