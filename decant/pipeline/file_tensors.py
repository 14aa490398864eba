"""What goes into a model's file and comes out, read of any of its forms and held to a spec."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from ..errors import DataError, SpecError
from ..files import ONNX
from ..inputs import ArraySection
from ..paths import is_file, no_file
from ..tensors import CHANNELS_LAST, TensorInfo, fits, sizes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..inputs import InputSection
    from ..spec import Spec

FLOATS = frozenset({"float16", "float32", "float64"})
DTYPES = get_args(ArraySection.model_fields["dtype"].annotation)


def file_tensors(path: Path) -> tuple[Sequence[TensorInfo], Sequence[TensorInfo]]:
    """Describe the inputs and the outputs of a `.onnx`, `.pt2` or `.tflite` file.

    Raises:
        DataError: If it is missing or damaged.
    """
    if not is_file(path):
        raise DataError(f"{path}: {no_file(path)}")
    suffix = path.suffix.lower()
    if suffix == ".tflite":
        from ..runtime import describe

        signature = describe(path)
        return signature.inputs, signature.outputs
    return _of_onnx(path) if suffix == ".onnx" else _of_pt2(path)


def declared_tensors(path: Path) -> tuple[Sequence[TensorInfo], Sequence[TensorInfo]]:
    """Describe what a `.onnx` file itself says of its inputs and outputs; nothing is inferred.

    Raises:
        DataError: If it is missing or damaged.
        UnsupportedOp: If an input or an output is no tensor of numbers.
    """
    from ..graph.load import load_declared

    graph = load_declared(path)
    return tuple(map(_info, graph.inputs)), tuple(map(_info, graph.outputs))


def known_shapes(infos: Sequence[TensorInfo]) -> dict[str, tuple[int, ...]] | None:
    """Give the shapes of a file's outputs by name, of one sample where a batch is free.

    Returns:
        The shapes; None where one is not known.
    """
    shapes = {}
    for info in infos:
        batch, *others = info.onnx_shape or (None, None)
        if None in others:
            return None
        shapes[info.name] = (batch or 1, *(size for size in others if size is not None))
    return shapes


def inputs_as(spec: Spec, given: Sequence[TensorInfo]) -> tuple[TensorInfo, ...]:
    """Describe the inputs of the file that a spec names with the layout that its shapes show.

    Raises:
        SpecError: If the names, the shapes or the types are others than the spec's.
    """
    names = [info.name for info in given]
    if {*names} != {*spec.signature}:
        raise SpecError(
            f"model.file takes {', '.join(names) or 'no input'}, but the spec's inputs are "
            f"{', '.join(spec.signature)}; name them as the file does"
        )
    for info in given:
        _check_dtype(info, spec.signature[info.name])
    return tuple(
        _laid_out(info, spec.stated_shape(info.name), spec.free_sizes.get(info.name, {}))
        for info in given
    )


def _check_dtype(info: TensorInfo, section: InputSection) -> None:
    """Refuse a type of whole numbers that is not the spec's; floats are brought to each other."""
    if not isinstance(section, ArraySection) or info.scale is not None:
        return
    if info.dtype != section.dtype and {info.dtype, section.dtype} - FLOATS:
        right = "float32" if info.dtype in FLOATS else info.dtype
        advice = f'write dtype = "{right}", or ' if right in DTYPES else ""
        raise SpecError(
            f'input {info.name} is {info.dtype} in model.file, but dtype = "{section.dtype}" in the'
            f" spec; {advice}export the file with the spec's type"
        )


def _laid_out(
    info: TensorInfo, wanted: tuple[int | None, ...], free: Mapping[int, str]
) -> TensorInfo:
    layout = CHANNELS_LAST.get(len(wanted))
    moved = info if layout is None else info.model_copy(update={"layout": layout})
    fitting = [each for each in (info, moved) if fits(each.onnx_shape, wanted)]
    for each in fitting:
        # A size that the file leaves free can have any; one that the spec names has to be free.
        if all(each.onnx_shape[axis] is None for axis in free):
            return each
    if not info.shape:
        raise SpecError(
            f"input {info.name} has no sizes in model.file, where the spec's shape = "
            f"{sizes(wanted)}; export the file with the shape of its inputs"
        )
    own = f"input {info.name} is {sizes(info.shape)} in model.file"
    if fitting:
        shape = fitting[0].onnx_shape
        fixed = [axis for axis in free if shape[axis] is not None]
        names = " and ".join(dict.fromkeys(free[axis] for axis in fixed))
        numbers = " and ".join(str(shape[axis]) for axis in fixed)
        raise SpecError(
            f"{own}, which fixes {names}; write {numbers} in the spec's shape, or export the file "
            "with sizes that are free"
        )
    raise SpecError(
        f"{own}, which the spec's shape = {sizes(wanted)} is not, with the channels at axis 1 or "
        "last; correct the shape"
    )


def _of_onnx(path: Path) -> tuple[Sequence[TensorInfo], Sequence[TensorInfo]]:
    from ..graph.load import load

    graph = load(path).graph
    return tuple(map(_info, graph.inputs)), tuple(map(_info, graph.outputs))


def _of_pt2(path: Path) -> tuple[Sequence[TensorInfo], Sequence[TensorInfo]]:
    import tempfile

    from decant.convert import pt2_to_onnx

    with tempfile.TemporaryDirectory(prefix="decant-") as folder:
        exported = Path(folder, ONNX)
        pt2_to_onnx(path, exported)
        return _of_onnx(exported)


def _info(value: Any) -> TensorInfo:
    """Describe a value of an ONNX graph; a size that is free is None."""
    sizes = () if value.shape is None else value.shape
    shape = tuple(size if isinstance(size, int) and size > 0 else None for size in sizes)
    dtype = "float32" if value.dtype is None else value.dtype.numpy().name
    return TensorInfo(name=value.name, shape=shape, dtype=dtype, layout="keep")
