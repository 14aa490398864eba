"""PyTorch to ONNX through `torch.export`; whether the file computes the same, `verify` says."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import onnx_ir as ir
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils import _pytree as pytree

from decant.artifacts import write_bytes
from decant.errors import SpecError, UnsupportedOp
from decant.user_code import fault

from .clean_export import clean_export
from .pt2 import load_pt2, stored_example
from .pytorch import TensorsOnly, leaf_names
from .recurrent_shapes import steps_by_shape
from .silence_torch import first_line, silence_torch
from .translations import TRANSLATIONS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

OPSET = 20  # torch.onnx's own default: Gelu is one node, and every current runtime reads it


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """How to export.

    Attributes:
        output_names: Names for the outputs in order; None takes dictionary keys and field names.
        free_sizes: Input name → axis → name of its size, which stays free instead of fixed at the
            example's; that has to be 2 or more.
        opset: Operator set version of the file, 18 or later.
    """

    output_names: Sequence[str] | None = None
    free_sizes: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
    opset: int = OPSET


def to_onnx(
    module: torch.nn.Module,
    example: Mapping[str, torch.Tensor],
    path: Path,
    options: ExportOptions | None = None,
) -> None:
    """Export a module to one ONNX file.

    Args:
        module: The network, in evaluation mode.
        example: Input name → tensor. Names are `forward`'s parameters, or, where they are not,
            the tensors are passed by position and the file's inputs take the given names.
        path: File to write; replaced only when everything succeeded.
        options: See `ExportOptions`.

    Raises:
        UnsupportedOp: `torch.export` or the ONNX exporter cannot take the module.
        SpecError: The module itself fails on the example.
        DataError: The file cannot be written.
    """
    options = options or ExportOptions()
    if module.training:
        raise UnsupportedOp(
            f"{type(module).__name__} is in training mode (dropout and batch statistics are "
            "active); call .eval() before exporting."
        )
    wrapped = TensorsOnly(module, tuple(example))
    _try_once(wrapped, example)
    program = _trace(wrapped, example, options)
    names = options.output_names or wrapped.output_names
    model = _translate(program, tuple(example), names, options)
    _write(model, path)


def pt2_to_onnx(source: Path, path: Path, options: ExportOptions | None = None) -> None:
    """Export a `.pt2` archive (`torch.export.save`) to one ONNX file.

    Nothing in the archive is executed: archives that hold pickled objects are refused.

    Raises:
        DataError: The archive is damaged, holds pickled objects or no example inputs.
        UnsupportedOp: The ONNX exporter has no translation for one of its operators.
    """
    options = options or ExportOptions()
    program = load_pt2(source)
    example = stored_example(program, source)
    structure = pytree.tree_unflatten(
        list(range(program.call_spec.out_spec.num_leaves)), program.call_spec.out_spec
    )
    names = options.output_names or leaf_names(structure)
    model = _translate(program, tuple(example), names, options)
    _write(model, path)


def _try_once(wrapped: TensorsOnly, example: Mapping[str, torch.Tensor]) -> None:
    """Run the module as it is: tells its own faults from the exporter's, and names the outputs."""
    try:
        with torch.no_grad():
            wrapped(*example.values())
    except Exception as error:
        shapes = ", ".join(f"{name} {tuple(x.shape)}" for name, x in example.items())
        raise SpecError(
            f"the model itself fails on its example input ({shapes}): {_where(wrapped, error)} "
            f"raised {fault(error)}; correct it, or shape and dtype of the input"
        ) from error


def _trace(
    wrapped: TensorsOnly, example: Mapping[str, torch.Tensor], options: ExportOptions
) -> torch.export.ExportedProgram:
    """Run `torch.export`; a failure names the module in which it happened."""
    shapes = None
    if options.free_sizes:
        free = (options.free_sizes.get(name, {}) for name in example)
        shapes = {"inputs": tuple(dict.fromkeys(axes, torch.export.Dim.DYNAMIC) for axes in free)}
    try:
        # The strides of PyTorch's fused attention are not those of its translation to ONNX, and a
        # view behind it would not fit; plain attention's are (torch 2.13).
        with silence_torch(), sdpa_kernel(SDPBackend.MATH), steps_by_shape():
            return torch.export.export(
                wrapped, tuple(example.values()), dynamic_shapes=shapes, strict=False
            )
    except Exception as error:
        raise UnsupportedOp(_trace_message(wrapped, error, options)) from error


def _trace_message(wrapped: TensorsOnly, error: Exception, options: ExportOptions) -> str:
    sizes = sorted({size for axes in options.free_sizes.values() for size in axes.values()})
    free = f" Or fix the sizes that stay free: {', '.join(sizes)}." if sizes else ""
    return (
        f"torch.export cannot trace {_where(wrapped, error)}: {fault(error)}. "
        f"Make its control flow independent of tensor values, or export that part yourself.{free}"
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
    options: ExportOptions,
) -> ir.Model:
    """Turn an exported program into an ONNX model without source paths, with our names."""
    try:
        with silence_torch(), sdpa_kernel(SDPBackend.MATH), steps_by_shape():
            exported = torch.onnx.export(
                program,
                (),
                dynamo=True,
                opset_version=options.opset,
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
    clean_export(model, inputs, outputs, options.free_sizes)
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


def _write(model: ir.Model, path: Path) -> None:
    """Write one file; the same model always gives the same bytes."""
    write_bytes(path, ir.serde.serialize_model(model).SerializeToString(deterministic=True))
