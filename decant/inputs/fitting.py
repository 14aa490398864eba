"""The one place where what a data set holds becomes what a model is given."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import DataError
from .stored import RowsFile, TemporaryFolder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from numpy.typing import NDArray

    from ..contract.images import Placement
    from ..samples import Sample
    from .section import InputSection
    from .stored import StoredArray

    Arrays = dict[str, NDArray[np.generic]]


def fit(
    sample: Sample, inputs: Mapping[str, InputSection]
) -> tuple[Sample, Arrays, Placement | None]:
    """Read one sample and fit it to the model's inputs.

    Args:
        sample: To read.
        inputs: Of the model, by name.

    Returns:
        The sample, of each input what `tensor` takes, and where its first photo lies.

    Raises:
        DataError: If a file is missing or damaged, or a value is not what its input takes.
    """
    values = sample.load()
    arrays: Arrays = {}
    placements: list[Placement] = []
    for name, section in inputs.items():
        arrays[name], placement = _fit(sample.id, name, values, section)
        if placement is not None:
            placements.append(placement)
    return sample, arrays, next(iter(placements), None)


def _fit(
    sample_id: str, name: str, values: Mapping[str, Any], section: InputSection
) -> tuple[NDArray[np.generic], Placement | None]:
    try:
        return section.prepare(values[name])
    except KeyError as error:
        raise DataError(
            f'sample "{sample_id}" has no value for the input {name}, only {", ".join(values)}; '
            "name it in the data"
        ) from error
    except ValueError as error:
        raise DataError(f'sample "{sample_id}": {error}') from error


def tensors(
    samples: Iterable[Sample], inputs: Mapping[str, InputSection]
) -> dict[str, NDArray[np.generic]]:
    """Stack samples as the TFLite file takes them: per input [samples, …] in ONNX axis order.

    Args:
        samples: To read, one after another.
        inputs: Of the model, by name.

    Raises:
        DataError: As `fit` does.
    """
    rows: dict[str, list[NDArray[np.generic]]] = {name: [] for name in inputs}
    for arrays in _prepared(samples, inputs):
        for name, array in arrays.items():
            rows[name].append(array)
    return {name: np.stack(each) for name, each in rows.items()}


def stored_tensors(
    samples: Iterable[Sample], inputs: Mapping[str, InputSection]
) -> dict[str, StoredArray]:
    """Do as `tensors`, with no more than one sample in memory: the rest is in a temporary file.

    Args:
        samples: See `tensors`.
        inputs: See `tensors`.

    Raises:
        DataError: As `fit` does, or there is no room for the file.
    """
    folder = TemporaryFolder()
    with contextlib.ExitStack() as opened:
        rows = {
            name: opened.enter_context(RowsFile(folder, f"{number}"))
            for number, name in enumerate(inputs)
        }
        for arrays in _prepared(samples, inputs):
            for name, array in arrays.items():
                rows[name].append(array)
    return {name: each.stored() for name, each in rows.items()}


def _prepared(samples: Iterable[Sample], inputs: Mapping[str, InputSection]) -> Iterator[Arrays]:
    for sample in samples:
        _, arrays, _ = fit(sample, inputs)
        yield {
            name: section.tensor(arrays[name], raw=section.file_dtype == "uint8")
            for name, section in inputs.items()
        }
