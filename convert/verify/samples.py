"""The inputs that a conversion is checked with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from decant.errors import DataError, UnsupportedOp
from decant.free_sizes import accepted
from decant.graph.load import stated_shapes
from decant.inputs import cut_runs
from decant.shapes import without_shape
from decant.tensors import TensorInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import onnx_ir as ir
    from numpy.typing import NDArray

    from decant.free_sizes import Shape, SizeHints, Sizes
    from decant.inputs import Run
    from decant.inputs.stored import AnyArray

    Array = NDArray[Any]
    Trial: TypeAlias = "Callable[[Run], Mapping[str, Array]]"
    """Runs the ONNX model on a sample; raises `DataError` where it does not take that."""

MOST = 8
"""Each sample runs through up to four forms of the model; more than this adds time, not proof."""

RAW_PIXEL = "uint8"
GIVE_INPUTS = "give real inputs with --inputs FILE.npz (Python: inputs={name: array})"


def samples_for(
    inputs: Sequence[ir.Value],
    given: Mapping[str, AnyArray] | None,
    *,
    raw: bool = False,
    trial: Trial | None = None,
    hints: SizeHints | None = None,
    codes: Mapping[str, Array] | None = None,
    like: Sequence[Run] = (),
) -> list[Run]:
    """Cut given arrays into samples, or draw seeded random ones.

    Args:
        inputs: The model's inputs.
        given: Name → array; the first axis counts samples, each in ONNX order. A sample may have
            or lack the batch axis of size 1.
        raw: Whether the samples are uint8 pixels.
        trial: Runs the model; free sizes are such that it does. None where nothing can run it.
        hints: Sizes that the model is likely made for.
        codes: Name → integers that an input is likely made for; 0 and 1 where nothing is said.
        like: Samples that were drawn before fewer sizes were free; these are tried first.

    Returns:
        At least two samples, at most `MOST` + 1, taken evenly from all; one of a model that takes
        nothing. Where one sample is given,
        its mirror image is the second: a single one cannot show that the output depends on the
        input. Where the batch is free, one sample more is a batch of two.

    Raises:
        DataError: A name, shape or element type does not fit, there are NaNs or no samples, or the
            model takes no random inputs.
        UnsupportedOp: An input is always empty.
    """
    infos = [_described(value, raw=raw) for value in inputs]
    if not infos and not given:
        return [{}]
    if given is None:
        draw = _Draw(infos, [*stated_shapes(inputs).values()], trial, codes or {})
        return draw.samples(draw.sizes_of(like) or draw.sizes(hints))
    runs = cut_runs(given, infos)
    samples = [runs[at * len(runs) // MOST] for at in range(MOST)] if len(runs) > MOST else [*runs]
    if len(samples) == 1:
        # Of a scalar, flip makes a NumPy number, which ONNX Runtime does not take.
        flipped = {name: np.array(np.flip(array)) for name, array in samples[0].items()}
        samples.append(flipped)
    return [*samples, *_batch_of_two(samples, infos, trial)]


def _described(value: ir.Value, *, raw: bool) -> TensorInfo:
    """Describe an input of the ONNX model as what its samples have to be."""
    if value.shape is None:
        raise DataError(without_shape(str(value.name)))
    if value.dtype is None:
        raise DataError(f"Input {value.name} has no element type; export the model again.")
    if 0 in value.shape:
        (stated,) = stated_shapes([value]).values()
        raise UnsupportedOp(
            f"input {value.name} has shape {[*stated]}: an axis of size 0 leaves it no elements;"
            " if 0 stands for a free size, give that axis a name or a size and save the"
            f' file again (onnx: model.graph.input[i].type.tensor_type.shape.dim[j].dim_param = "n"'
            ")"
        )
    return TensorInfo(
        name=str(value.name),
        shape=tuple(size if isinstance(size, int) else None for size in value.shape),
        dtype=RAW_PIXEL if raw else value.dtype.numpy().name,
    )


def _batch_of_two(
    samples: Sequence[Run], infos: Sequence[TensorInfo], trial: Trial | None
) -> list[Run]:
    """Join two samples along a free first axis, if the model takes that."""
    free = all(info.shape[:1] == (None,) for info in infos)
    single = all(array.shape[:1] == (1,) for run in samples[:2] for array in run.values())
    if trial is None or not (free and single):
        return []
    first, second = samples[:2]
    if any(array.shape != second[name].shape for name, array in first.items()):
        return []
    joined = {name: np.concatenate([first[name], second[name]]) for name in first}
    try:
        trial(joined)
    except DataError:
        return []
    return [joined]


class _Draw:
    """Draws random samples that a model takes."""

    def __init__(
        self,
        infos: Sequence[TensorInfo],
        shapes: Sequence[Shape],
        trial: Trial | None,
        codes: Mapping[str, Array],
    ) -> None:
        self.infos = infos
        self.shapes = shapes
        self.trial = trial
        self.codes = codes
        self.refusal: DataError | None = None

    def sizes(self, hints: SizeHints | None) -> list[Sizes]:
        """Search for sizes that the model takes, and for others."""
        found = accepted(self.shapes, self._takes, hints)
        if not found:
            raise self._nothing_fits()
        return found

    def sizes_of(self, runs: Sequence[Run]) -> list[Sizes]:
        """The sizes of two samples or more, if they are several and the model takes each."""
        found: list[Sizes] = []
        for run in runs:
            own = [_filled(info, run[info.name].shape) for info in self.infos]
            if own not in found:
                found.append(own)
        return found if len(found) > 1 and all(map(self._takes, found)) else []

    def samples(self, sizes: list[Sizes]) -> list[Run]:
        """Two samples of the first sizes and, where there are others, one of those."""
        first, *other = sizes
        drawn = [first, first, *(other or [first])]
        for positive in (False, True):
            runs = [self._taken(own, seed, positive) for seed, own in enumerate(drawn)]
            results = self._results(runs)
            if not any(np.isnan(x).any() for each in results.values() for x in each):
                return runs
        undefined = ", ".join(n for n, xs in results.items() if all(np.isnan(x).all() for x in xs))
        if not undefined:
            return runs
        raise DataError(
            f"the model's own answer to random inputs is not a number (NaN) in {undefined}, so the"
            f" conversion cannot be checked with them; {GIVE_INPUTS}"
        )

    def _taken(self, sizes: Sizes, seed: int, positive: bool) -> Run:
        """Draw a sample with another code than the first one's, if the model takes that."""
        run = self._drawn(sizes, seed, positive, code=seed)
        chooses = any(info.name in self.codes and not info.shape for info in self.infos)
        refused = chooses and seed > 0 and not self._takes_run(run)
        return self._drawn(sizes, seed, positive) if refused else run

    def _takes(self, sizes: Sizes) -> bool:
        """Whether the model computes something from samples of these sizes."""
        return self._takes_run(self._drawn(sizes, 0))

    def _takes_run(self, run: Run) -> bool:
        if self.trial is None:
            return True
        try:
            results = self.trial(run)
        except DataError as error:
            self.refusal = self.refusal or error
            return False
        return all(array.size for array in results.values())

    def _results(self, runs: Sequence[Run]) -> dict[str, list[Array]]:
        """What the model gives in each float output that is not empty."""
        found: dict[str, list[Array]] = {}
        if self.trial is None:
            return found
        for run in runs:
            for name, array in self.trial(run).items():
                if array.dtype.kind == "f" and array.size:
                    found.setdefault(name, []).append(array)
        return found

    def _nothing_fits(self) -> DataError:
        free = [info for info in self.infos if None in info.shape]
        reason = str(self.refusal or "every size that was tried leaves an output without elements")
        if not free:
            return DataError(f"random inputs do not suit the model: {reason}; {GIVE_INPUTS}")
        shapes = ", ".join(f"{info.name} {_question_marks(info)}" for info in free)
        return DataError(
            f"no sizes were found that the model takes for the free axes of {shapes} ({reason});"
            f" fix them with --shape, or {GIVE_INPUTS}"
        )

    def _drawn(self, sizes: Sizes, seed: int, positive: bool = False, code: int = 0) -> Run:
        """Draw one sample: normal floats, pixels 0…255, integers that the model knows, or 0 and 1.

        A single integer is the model's first, largest code, or another one by its number.
        """
        rng = np.random.default_rng(seed)
        sample = {}
        for info, shape in zip(self.infos, sizes, strict=True):
            dtype = np.dtype(info.dtype)
            if dtype.kind == "f":
                values = rng.normal(size=shape)
                sample[info.name] = np.asarray(np.abs(values) if positive else values, dtype)
            elif info.name in self.codes and not shape:
                codes = self.codes[info.name]
                sample[info.name] = np.asarray(codes[-1 - code % len(codes)], dtype)
            else:
                codes = self.codes.get(info.name, np.arange(256 if info.dtype == RAW_PIXEL else 2))
                sample[info.name] = rng.choice(codes, shape).astype(dtype)
        return sample


def _filled(info: TensorInfo, sizes: Sequence[int]) -> tuple[int, ...]:
    """Shape of an input whose free sizes are given."""
    pairs = zip(info.shape, sizes, strict=True)
    return tuple(size if stated is None else stated for stated, size in pairs)


def _question_marks(info: TensorInfo) -> str:
    return f"[{', '.join('?' if size is None else str(size) for size in info.shape)}]"
