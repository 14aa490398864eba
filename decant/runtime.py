"""Runs a `.tflite` file in LiteRT: arrays in ONNX axis order in and out, by the model's names."""

from __future__ import annotations

import contextlib
import itertools
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .described import Signature, described_beside
from .errors import DataError
from .files import FLOAT_FILE, SIGNATURES_FOLDER
from .free_sizes import plausible
from .isolation import captured_noise, run_checked
from .paths import content_fault, no_file
from .tensors import TensorInfo, fits, reshaping, sizes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from .free_sizes import Sizes
    from .paths import AnyPath

    Arrays = Mapping[str, NDArray[np.generic]]

TRIES = 40
"""How many sizes a file with free ones is tried with."""
SOURCES = frozenset({".onnx", ".pt2"})
"""Suffixes of what a `.tflite` file is made of."""


class LiteRtModel:
    """A `.tflite` file loaded into LiteRT's interpreter, with XNNPACK as on a phone.

    Attributes:
        inputs: The file's inputs.
        outputs: The file's outputs.
    """

    def __init__(
        self,
        path: AnyPath,
        inputs: Sequence[TensorInfo] | None = None,
        outputs: Sequence[TensorInfo] | None = None,
        *,
        threads: int = 1,
    ) -> None:
        """Load a file.

        Args:
            path: The file.
            inputs: Descriptions with layouts; left out, those that decant wrote beside the file
                (`convert.json`, `quantize.json`, `model.json`), and where there are none, arrays
                go in as the file takes them.
            outputs: The same for the outputs.
            threads: XNNPACK's worker threads.

        Raises:
            DataError: If the file is missing, damaged, cannot be run by LiteRT, has several
                signatures, or does not have the tensors described.
        """
        self.path = path = Path(path)
        self.interpreter = open_interpreter(path, threads)
        signature = _signature(path, self.interpreter)
        told = described_beside(path, signature)
        self.inputs = _known(path, "input", inputs or told.inputs, signature.inputs)
        self.outputs = _known(path, "output", outputs or told.outputs, signature.outputs)
        details = self.interpreter.get_input_details(), self.interpreter.get_output_details()
        indices = [[int(detail["index"]) for detail in part] for part in details]
        self._input_index = _by_name(signature.inputs, indices[0])
        self._output_index = _by_name(signature.outputs, indices[1])

    def feed(self, arrays: Arrays) -> None:
        """Copy the inputs into the interpreter; `arrays` are in ONNX order, real-valued.

        Raises:
            DataError: If an input is missing, has another shape, or cannot be held by the
                file's integer type, or if LiteRT refuses the sizes.
        """
        prepared = {info.name: self._prepare(info, arrays) for info in self.inputs}
        with self._refusing(prepared):
            self._fit(prepared)
        for name, array in prepared.items():
            self.interpreter.set_tensor(self._input_index[name], array)

    def invoke(self) -> None:
        """Run the network on the inputs last fed."""
        self.interpreter.invoke()

    def read(self) -> dict[str, NDArray[Any]]:
        """Copy the outputs out, in ONNX order, dequantized where the file's are integers."""
        return {
            info.name: decode(info, tensor_of(self.interpreter, self._output_index[info.name]))
            for info in self.outputs
        }

    def run(self, arrays: Arrays) -> dict[str, NDArray[Any]]:
        """Run the network once.

        Args:
            arrays: Real-valued inputs by name, in ONNX axis order; quantized here where the
                file takes integers.

        Returns:
            Outputs by name, in ONNX axis order, in the file's output order.

        Raises:
            DataError: If an input is missing or does not fit, or if LiteRT cannot run the file.
        """
        self.feed(arrays)
        with self._refusing(arrays):
            self.invoke()
        return self.read()

    def sample(self, seed: int = 0) -> dict[str, NDArray[Any]]:
        """Draw inputs that the file takes, in ONNX order.

        A free size is the file's own where that states one. Otherwise a free first axis is a batch
        of one, if the file can compute that; other free sizes are such that it runs.

        Raises:
            DataError: If LiteRT runs the file with none of the sizes that were tried.
        """
        if all(None not in info.shape for info in self.inputs):
            return sample_inputs(self.inputs, seed)
        refusal: DataError | None = None
        for shapes in itertools.islice(self._shapes(), TRIES):
            drawn = sample_inputs(self.inputs, seed, shapes)
            try:
                results = self.run(drawn)
            except DataError as error:
                refusal = refusal or error
                continue
            if all(array.size for array in results.values()):
                return drawn
        raise refusal or DataError(
            f"{self.path}: no sizes were found for its free axes with which it computes anything;"
            " fix them before the conversion"
        )

    def _shapes(self) -> Iterator[Sizes]:
        """Sizes to try, in the file's order."""
        own = [self._present_shape(info) for info in self.inputs]
        # TensorFlow's converter states 1 for every free size.
        if any(
            free is None and size > 1
            for info, shape in zip(self.inputs, own, strict=True)
            for free, size in zip(info.shape, shape, strict=True)
        ):
            yield own
        stated = [list(info.onnx_shape) for info in self.inputs]
        of_one = [[1 if i == 0 and n is None else n for i, n in enumerate(own)] for own in stated]
        for shapes in itertools.chain(plausible(of_one), plausible(stated)):
            yield [
                (own[0], *own[2:], own[1]) if info.channels_last else own
                for info, own in zip(self.inputs, shapes, strict=True)
            ]

    def _present_shape(self, info: TensorInfo) -> tuple[int, ...]:
        shape: tuple[int, ...] = self.interpreter.tensor(self._input_index[info.name])().shape
        return shape

    @contextlib.contextmanager
    def _refusing(self, arrays: Arrays) -> Iterator[None]:
        """Say which file LiteRT fails on, and with what."""
        try:
            yield
        except (RuntimeError, ValueError) as error:
            reason = str(error).strip().replace("\n", " ")
            given = ", ".join(f"{name} {list(array.shape)}" for name, array in arrays.items())
            raise DataError(
                f"{self.path}: LiteRT cannot run this file on {given}: {reason}; give other sizes,"
                " or make the file again"
            ) from error

    def _prepare(self, info: TensorInfo, arrays: Arrays) -> NDArray[Any]:
        """Bring one input into the file's axis order and type."""
        if info.name not in arrays:
            given = ", ".join(arrays) or "none"
            raise DataError(f"{self.path}: input {info.name} is missing (given: {given}); add it")
        array = np.asarray(arrays[info.name])
        if not fits(array.shape, info.onnx_shape):
            order = " in ONNX axis order (N, C, …)" if info.channels_last else ""
            call = reshaping(info.name, array.shape, info.onnx_shape)
            raise DataError(
                f"{self.path}: input {info.name} has shape {list(array.shape)}, but the model "
                f"takes {sizes(info.onnx_shape)}{order}; give {call or 'an array of that shape'}"
            )
        return encode(info, info.from_onnx_order(array))

    def _fit(self, prepared: dict[str, NDArray[Any]]) -> None:
        """Give inputs of free size the size of the arrays."""
        changed = False
        for info in self.inputs:
            array = prepared[info.name]
            if array.shape != self._present_shape(info):
                self.interpreter.resize_tensor_input(self._input_index[info.name], array.shape)
                changed = True
        if changed:
            with captured_noise():
                self.interpreter.allocate_tensors()


def open_interpreter(path: AnyPath, threads: int = 1, *, delegate: bool = True) -> Any:
    """Load a file into an allocated LiteRT `Interpreter`, without noise on the terminal.

    Args:
        path: The file.
        threads: XNNPACK's worker threads.
        delegate: Whether XNNPACK takes the ops it can; else LiteRT's own kernels run them all.

    Raises:
        DataError: If the file is missing, damaged or cannot be run by LiteRT.
    """
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    path = Path(path)
    kind = OpResolverType.AUTO if delegate else OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    if not path.is_file():
        raise DataError(f"{path}: {no_file(path)}")

    def opened(shapes: Sequence[Sequence[int]] = ()) -> Any:
        interpreter = Interpreter(
            model_path=str(path), num_threads=threads, experimental_op_resolver_type=kind
        )
        for detail, shape in zip(interpreter.get_input_details(), shapes, strict=False):
            interpreter.resize_tensor_input(detail["index"], shape)
        interpreter.allocate_tensors()
        return interpreter

    with captured_noise(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return opened()
        except (ValueError, RuntimeError) as error:
            refusal = error
        # A file states 1 for a free size, which not every network can compute with.
        for shapes in _sizes_instead(Interpreter, path):
            with contextlib.suppress(ValueError, RuntimeError):
                return opened(shapes)
    reason = str(refusal).strip().replace("\n", " ")
    fault = content_fault(path) or f"LiteRT cannot run this file: {reason}; make it again"
    if path.suffix.lower() in SOURCES:
        fault = f"is no .tflite file; make one of it with decant convert {path}"
    raise DataError(f"{path}: {fault}") from refusal


def tensor_of(interpreter: Any, index: int) -> NDArray[Any]:
    """Copy a tensor out of an interpreter; LiteRT itself refuses to give one without elements."""
    try:
        return np.asarray(interpreter.get_tensor(index))
    except ValueError:
        detail = next(each for each in interpreter.get_tensor_details() if each["index"] == index)
        if np.prod(detail["shape"]):
            raise
        return np.empty(detail["shape"], detail["dtype"])


def _sizes_instead(interpreter_class: Any, path: Path) -> list[Sizes]:
    """Sizes to try for the free ones of a file that LiteRT does not run with its own."""
    try:
        details = interpreter_class(model_path=str(path)).get_input_details()
    except (ValueError, RuntimeError):
        return []
    shapes = [[None if n < 0 else int(n) for n in each["shape_signature"]] for each in details]
    free = any(None in shape for shape in shapes)
    return list(itertools.islice(plausible(shapes), TRIES)) if free else []


def describe(path: AnyPath) -> Signature:
    """Read the inputs and outputs of any `.tflite`; the layout of each is "keep".

    Raises:
        DataError: If the file is missing, damaged, cannot be run by LiteRT, or has several
            signatures.
    """
    return _signature(Path(path), open_interpreter(path, delegate=False))


def sample_inputs(
    inputs: Sequence[TensorInfo], seed: int = 0, shapes: Sizes | None = None
) -> dict[str, NDArray[Any]]:
    """Draw inputs in ONNX order: normal noise for reals, zeros and ones for plain integers.

    Args:
        inputs: What the file takes.
        seed: For the numbers.
        shapes: Sizes in the file's order; a free size is 1 if left out.
    """
    generator = np.random.default_rng(seed)
    if shapes is None:
        shapes = [tuple(1 if size is None else size for size in info.shape) for info in inputs]
    drawn = {}
    for info, shape in zip(inputs, shapes, strict=True):
        plain_integer = info.scale is None and np.dtype(info.dtype).kind in "iub"
        values = generator.integers(0, 2, shape) if plain_integer else generator.normal(size=shape)
        drawn[info.name] = info.to_onnx_order(values.astype(info.dtype if plain_integer else "f4"))
    return drawn


def first_run(
    path: AnyPath,
    inputs: Sequence[TensorInfo] | None = None,
    outputs: Sequence[TensorInfo] | None = None,
    arrays: Arrays | None = None,
) -> dict[str, NDArray[Any]]:
    """Run a new file once in a process of its own, where heap corruption is fatal.

    Args:
        path: The file.
        inputs: As for `LiteRtModel`.
        outputs: As for `LiteRtModel`.
        arrays: Inputs in ONNX order; seeded noise when left out.

    Returns:
        Outputs by name, in ONNX order.

    Raises:
        DataError: If LiteRT refuses the file or the inputs.
        InternalError: If the process crashed.
    """
    return run_checked(_first_run, Path(path), inputs, outputs, arrays)


def run_each(
    path: AnyPath,
    inputs: Sequence[TensorInfo] | None,
    outputs: Sequence[TensorInfo] | None,
    samples: Sequence[Arrays],
) -> list[list[NDArray[Any]]]:
    """Run a file on several samples; for a child process, which loads no more than it needs.

    Args:
        path: The file.
        inputs: As for `LiteRtModel`.
        outputs: As for `LiteRtModel`.
        samples: In ONNX order, by name.

    Returns:
        For each sample the outputs, in their order and in ONNX order.
    """
    model = LiteRtModel(path, inputs, outputs)
    return [list(model.run(sample).values()) for sample in samples]


def encode(info: TensorInfo, values: NDArray[np.generic]) -> NDArray[Any]:
    """Turn real values, in file order, into the file's element type.

    Raises:
        DataError: If a plain integer tensor is given values that it cannot hold.
    """
    dtype = np.dtype(info.dtype)
    if info.scale is not None and info.zero_point is not None:
        scaled = np.asarray(values, np.float32) / np.float32(info.scale)
        # As TFLite's QUANTIZE: halves go away from zero.
        rounded = np.trunc(scaled + np.copysign(np.float32(0.5), scaled)) + info.zero_point
        limits = np.iinfo(dtype)
        return np.asarray(np.clip(rounded, limits.min, limits.max), dtype)
    with np.errstate(invalid="ignore"):
        converted = values.astype(dtype)
    if dtype.kind in "iu" and values.dtype != dtype and not np.array_equal(converted, values):
        raise DataError(
            f"input {info.name}: the file takes {info.dtype}, and some of the given values "
            f"(from {np.min(values):g} to {np.max(values):g}) are not such integers; "
            "give raw values, not normalised ones"
        )
    return converted


def decode(info: TensorInfo, values: NDArray[np.generic]) -> NDArray[Any]:
    """Turn a tensor of the file into real values in ONNX order."""
    ordered = info.to_onnx_order(values)
    if info.scale is None or info.zero_point is None:
        return ordered
    real = (ordered.astype(np.float32) - np.float32(info.zero_point)) * np.float32(info.scale)
    return np.asarray(real, np.float32)


def _first_run(
    path: Path,
    inputs: Sequence[TensorInfo] | None,
    outputs: Sequence[TensorInfo] | None,
    arrays: Arrays | None,
) -> dict[str, NDArray[Any]]:
    """Run in the child."""
    model = LiteRtModel(path, inputs, outputs)
    return model.run(model.sample() if arrays is None else arrays)


def _signature(path: Path, interpreter: Any) -> Signature:
    """Describe the tensors under their signature's names, in the graph's order."""
    signatures = interpreter._get_full_signature_list()
    if len(signatures) > 1:
        raise DataError(
            f"{path}: holds the signatures {', '.join(signatures)}, and this takes a file of one;"
            f" decant convert leaves each by itself: {SIGNATURES_FOLDER}/NAME/{FLOAT_FILE}"
        )
    (signature,) = signatures.values() or ({"inputs": {}, "outputs": {}},)
    return Signature(
        _infos(interpreter.get_input_details(), signature["inputs"]),
        _infos(interpreter.get_output_details(), signature["outputs"]),
    )


def _infos(details: list[dict[str, Any]], signature: dict[str, int]) -> tuple[TensorInfo, ...]:
    """Describe tensors; `signature` maps the model's own names to tensor indices."""
    spare: dict[int, list[str]] = {}
    for name, index in signature.items():
        spare.setdefault(index, []).append(name)
    return tuple(_info(detail, spare.get(detail["index"], [])) for detail in details)


def _info(detail: dict[str, Any], names: list[str]) -> TensorInfo:
    """Describe one tensor; takes the next unused of its signature's names."""
    scale, zero_point = detail["quantization"]
    free = detail["shape_signature"]
    sizes = free if len(free) else detail["shape"]
    return TensorInfo(
        name=names.pop(0) if names else detail["name"],
        shape=tuple(None if size < 0 else int(size) for size in sizes),
        dtype=np.dtype(detail["dtype"]).name,
        scale=float(scale) if scale else None,
        zero_point=int(zero_point) if scale else None,
    )


def _known(
    path: Path, role: str, described: Sequence[TensorInfo], found: Sequence[TensorInfo]
) -> tuple[TensorInfo, ...]:
    """Take the descriptions given, once the file is known to have these tensors."""
    names = {info.name: info for info in found}
    for info in described:
        real = names.get(info.name)
        if real is None:
            have = ", ".join(names)
            raise DataError(f"{path}: no {role} is called {info.name} (the file has {have})")
        if not fits(info.shape, real.shape) or real.dtype != info.dtype:
            raise DataError(
                f"{path}: {role} {info.name} is {real.dtype} {sizes(real.shape)}, "
                f"described as {info.dtype} {sizes(info.shape)}; make both again"
            )
    return tuple(described)


def _by_name(infos: Sequence[TensorInfo], indices: Sequence[int]) -> dict[str, int]:
    """Map names to tensor indices."""
    return {info.name: index for info, index in zip(infos, indices, strict=True)}
