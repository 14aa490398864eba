"""Converts a model that computes in 16-bit or double floats by its form in float32."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from decant.artifacts import write_bytes
from decant.errors import DataError, UnsupportedOp
from decant.files import ONNX_FLOAT32
from decant.onnx_runtime import OnnxRuntime
from decant.parity import compare_all

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import onnx_ir as ir
    from torch import nn

    from .verify.exported import Expected
    from .verify.oracle import Answers, Model, Sample

LARGEST_BYTES = 2**31 - 1
"""Of one `.onnx` file, without what lies beside it."""


@dataclass(frozen=True, slots=True)
class OwnPrecision:
    """A model in the floats that it came with.

    Attributes:
        kinds: The types beside float32, as ONNX calls them.
        file: The ONNX file.
    """

    kinds: tuple[str, ...]
    file: Path

    def told(self, samples: Sequence[Sample], expected: Expected) -> Expected:
        """Add the warning that the model was brought to float32, and how far that moves it.

        Args:
            samples: In float32.
            expected: What the form in float32 computes for them.
        """
        done = "narrowed" if self.kinds == ("double",) else "widened"
        warning = (
            f"the model computes in {' and '.join(self.kinds)}, and TFLite in float32: inputs,"
            f" outputs, weights and arithmetic were {done} ({ONNX_FLOAT32})"
        )
        own = self._answers(samples)
        if own is None or not expected.forms:
            warning += "; ONNX Runtime cannot run it as it was, so that form alone was checked"
        else:
            names = [str(i) for i in range(len(own[0]))]
            found = compare_all("", names, expected.forms[-1].answers, own, 0.0)
            largest = max(parity.max_relative for parity in found)
            warning += f", which moves its answers by up to {largest:.1e} of the largest"
        return replace(expected, warnings=(warning, *expected.warnings))

    def _answers(self, samples: Sequence[Sample]) -> Answers | None:
        try:
            runtime = OnnxRuntime(self.file)
            return [list(runtime.run(sample).values()) for sample in samples]
        except (DataError, UnsupportedOp):
            return None


def in_single(model: Model, folder: Path) -> tuple[Model, OwnPrecision | None]:
    """Write the float32 form of a model into a folder, where it computes in other floats.

    PyTorch's form is dropped where its inputs or outputs are such.

    Raises:
        UnsupportedOp: The model is too large in float32.
    """
    import onnx_ir as ir

    from decant.graph.load import load
    from decant.graph.precision import OTHERS, other_floats, to_single

    graph = load(model.onnx)
    kinds = other_floats(graph)
    if not kinds:
        return model, None
    source = ir.load(model.onnx)
    _check_size(source, model.onnx)
    source = ir.external_data.load_to_model(source)
    to_single(source)
    path = folder / ONNX_FLOAT32
    write_bytes(path, ir.serde.serialize_model(source).SerializeToString(deterministic=True))
    ends = (*graph.graph.inputs, *graph.graph.outputs)
    reference = None if any(value.dtype in OTHERS for value in ends) else model.reference
    return replace(model, onnx=path, reference=reference), OwnPrecision(kinds, model.onnx)


def module_in_single(module: nn.Module) -> tuple[nn.Module, tuple[str, ...]]:
    """Give a module in float32: a copy where its weights are other floats, and then what to say."""
    from .export.pytorch import other_weights

    kinds = other_weights(module)
    if not kinds:
        return module, ()
    note = (
        f"the module's weights are {' and '.join(kinds)}, and TFLite computes in float32: a copy in"
        " float32 was converted, and is what every form is held to"
    )
    return copy.deepcopy(module).float(), (note,)


def _size_in_single(weight: ir.Value) -> int:
    """Bytes of a weight in float32, if it is to be that; nothing is read."""
    from decant.graph.precision import OTHERS

    tensor = weight.const_value
    if tensor is None:
        return 0
    return 4 * tensor.size if tensor.dtype in OTHERS else tensor.nbytes


def _check_size(model: ir.Model, path: Path) -> None:
    size = sum(map(_size_in_single, model.graph.initializers.values()))
    if size > LARGEST_BYTES:
        raise UnsupportedOp(
            f"{path}: its weights take {size / 1e9:.1f} GB in float32, and an .onnx without files"
            f" beside it holds {LARGEST_BYTES / 1e9:.1f} GB; export the model in float32, with"
            " external data"
        )
