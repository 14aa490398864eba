"""PyTorch to ONNX through `torch.export`, else as one run is recorded; `verify` judges the file."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import onnx_ir as ir
import torch
from torch.fx.experimental.symbolic_shapes import GuardOnDataDependentSymNode
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils import _pytree as pytree

from decant.artifacts import write_bytes
from decant.errors import UnsupportedOp
from decant.user_code import fault, raising_line

from .clean_export import clean_export
from .legacy import recorded
from .parametrizations import without_parametrizations
from .pt2 import load_pt2, stored_example
from .pytorch import TensorsOnly, layers_as_written, leaf_names
from .recurrent_shapes import steps_by_shape
from .silence_torch import first_line, silence_torch
from .stored_numbers import stored_numbers_known, stores_numbers
from .suitability import check_module
from .translations import TRANSLATIONS
from .trial import try_out, where_raised

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

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
) -> tuple[str, ...]:
    """Export a module to one ONNX file.

    Args:
        module: The network, in evaluation mode.
        example: Input name → tensor. Names are `forward`'s parameters, or, where they are not,
            the tensors are passed by position and the file's inputs take the given names.
        path: File to write; replaced only when everything succeeded.
        options: See `ExportOptions`.

    Returns:
        What the user should know of how it was exported.

    Raises:
        UnsupportedOp: Neither `torch.export` nor the older exporter can take the module, or its
            answers are not a function of its inputs.
        SpecError: The module itself fails on the example.
        DataError: The file cannot be written.
    """
    options = options or ExportOptions()
    check_module(module)
    wrapped = TensorsOnly(without_parametrizations(module), tuple(example))
    notes = try_out(wrapped, example)
    names = options.output_names or wrapped.output_names
    try:
        model = _translate(_trace(wrapped, example, options), options)
    except UnsupportedOp as refusal:
        try:
            model = recorded(wrapped, example, options.free_sizes, options.opset)
        except UnsupportedOp as failure:
            raise refusal from failure
        notes = (*notes, f"torch.onnx's older exporter recorded one run of the module: {refusal}")
    _clean(model, tuple(example), names, options)
    _write(model, path)
    return notes


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
    model = _translate(program, options)
    _clean(model, tuple(example), names, options)
    _write(model, path)


@contextmanager
def _in_plain_forms() -> Iterator[None]:
    """Silence PyTorch, and let it compute as its translation to ONNX does.

    The strides of its fused attention are not those of that translation, and a view behind it would
    not fit; plain attention's are (torch 2.13).
    """
    with silence_torch(), layers_as_written(), steps_by_shape(), sdpa_kernel(SDPBackend.MATH):
        yield


def _trace(
    wrapped: TensorsOnly, example: Mapping[str, torch.Tensor], options: ExportOptions
) -> torch.export.ExportedProgram:
    """Run `torch.export`; a failure names the module in which it happened."""
    shapes = None
    if options.free_sizes:
        free = (options.free_sizes.get(name, {}) for name in example)
        shapes = {"inputs": tuple(dict.fromkeys(axes, torch.export.Dim.DYNAMIC) for axes in free)}

    def traced() -> torch.export.ExportedProgram:
        with _in_plain_forms():
            return torch.export.export(
                wrapped, tuple(example.values()), dynamic_shapes=shapes, strict=False
            )

    try:
        try:
            return traced()
        except GuardOnDataDependentSymNode:
            if not stores_numbers(wrapped):
                raise
            with stored_numbers_known(wrapped):
                return traced()
    except Exception as error:
        raise UnsupportedOp(_trace_message(wrapped, error, options)) from error


def _trace_message(wrapped: TensorsOnly, error: Exception, options: ExportOptions) -> str:
    sizes = sorted({size for axes in options.free_sizes.values() for size in axes.values()})
    free = f" Or fix the sizes that stay free: {', '.join(sizes)}." if sizes else ""
    where = f"torch.export cannot trace {where_raised(wrapped, error)}"
    if isinstance(error, GuardOnDataDependentSymNode):
        return (
            f"{where}: its control flow is data-dependent, in {raising_line(error)} Python decides "
            "by the values of a tensor; choose with torch.where or torch.cond, make a size or a "
            f"count of loops an argument, and leave out assertions on values.{free}"
        )
    return f"{where}: {fault(error)}. {_way_out(error)}{free}"


def _way_out(error: Exception) -> str:
    if "numpy" in str(error):
        return (
            "Write it with PyTorch's operators, or give the autograd.Function that calls NumPy a"
            " `symbolic`, which says what it is in ONNX."
        )
    return "Write that part with PyTorch's operators, or export it yourself."


def _translate(program: torch.export.ExportedProgram, options: ExportOptions) -> ir.Model:
    """Turn an exported program into an ONNX model."""
    try:
        with _in_plain_forms():
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
    return model


def _clean(
    model: ir.Model, inputs: tuple[str, ...], outputs: Sequence[str], options: ExportOptions
) -> None:
    """Give a model our names and take the exporter's traces out of it."""
    if len(outputs) != len(model.graph.outputs):
        raise UnsupportedOp(
            f"The model returns {len(model.graph.outputs)} tensors but {len(outputs)} output "
            f"names were given: {', '.join(outputs)}."
        )
    clean_export(model, inputs, outputs, options.free_sizes)


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
