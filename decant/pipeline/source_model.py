"""The model of a spec, whatever it comes as: how it becomes a float file, what it is held to."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..artifacts import write_json
from ..files import CONVERSION, FLOAT_FILE
from .file_tensors import inputs_as

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Unpack

    from torch import nn

    from decant.bench.original import Original

    from ..inputs.stored import AnyArray
    from ..spec import Spec
    from ..tensors import TensorInfo
    from .conversion import ConvertOptions


def load_source(spec: Spec) -> nn.Module | Path:
    """Build the network of a spec, or find the file that it names in its place.

    Raises:
        SpecError: If the factory cannot be called or returns no module.
        DataError: If a file is missing or damaged.
    """
    from ..network import load_network

    if spec.model.file is None:
        return load_network(spec)
    return spec.file("model.file", spec.model.file)


def make_float_file(
    spec: Spec,
    source: nn.Module | Path,
    out: Path,
    inputs: Mapping[str, AnyArray] | None,
    **options: Unpack[ConvertOptions],
) -> Sequence[str]:
    """Write the float file of a spec's model and `convert.json`, which describes it.

    Args:
        spec: Of the model.
        source: From `load_source`.
        out: A folder.
        inputs: To verify with.
        **options: Of the conversion.

    Returns:
        Warnings.

    Raises:
        SpecError: If a given file has other inputs than the spec.
    """
    from .conversion import convert_network

    if isinstance(source, Path) and source.suffix.lower() == ".tflite":
        _take_over(spec, source, out)
        return ()
    return convert_network(spec, source, out, inputs, **options).warnings


def _take_over(spec: Spec, source: Path, out: Path) -> None:
    """Take a float file as somebody else made it; a first run shows that it is sound."""
    from ..flatbuffer import Graph
    from ..runtime import describe, first_run

    first_run(source)
    Graph.from_file(source).check_float(source)
    signature = describe(source)
    document: dict[str, Any] = {
        "tflite": FLOAT_FILE,
        "inputs": [each.model_dump(mode="json") for each in inputs_as(spec, signature.inputs)],
        "outputs": [each.model_dump(mode="json") for each in signature.outputs],
        "parity": [],
        "warnings": [],
    }
    shutil.copyfile(source, out / FLOAT_FILE)
    write_json(out / CONVERSION, document)


def original_of(
    source: nn.Module | Path, inputs: Sequence[TensorInfo], outputs: Sequence[TensorInfo]
) -> nn.Module | Original:
    """Give what accuracies and drops are counted from.

    Args:
        source: From `load_source`.
        inputs: Of the float file.
        outputs: Of the float file.
    """
    from decant.bench import original

    if not isinstance(source, Path):
        return source
    if source.suffix.lower() == ".onnx":
        return original.of_onnx(source)
    if source.suffix.lower() == ".tflite":
        return original.of_tflite(source, inputs, outputs)
    from decant.convert import load_pt2, pt2_reference

    return original.of_function(pt2_reference(load_pt2(source)))
