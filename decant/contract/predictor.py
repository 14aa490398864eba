"""Carries out a sidecar: photo in, predictions out, as every app has to."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import DataError
from ..runtime import LiteRtModel, describe
from ..runtime import decode as dequantize
from ..tensors import fits
from .images import load_image, resize, to_tensor
from .sidecar import Prediction, read_sidecar, read_tensor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ..paths import AnyPath
    from ..tensors import TensorInfo
    from .decode import DecodeRule
    from .images import Placement
    from .sidecar import Accelerator, ImageInput, Sidecar

    Arrays = dict[str, NDArray[Any]]

# What both the sidecar and the model file say of a tensor.
SIGNATURE_FIELDS = ("shape", "dtype", "scale", "zero_point")


class Predictor:
    """One model file of a bundle, open in LiteRT on this machine's processor.

    Attributes:
        folder: Of the bundle.
        sidecar: Of the bundle.
    """

    def __init__(
        self, path: AnyPath, accelerator: Accelerator = "cpu", *, threads: int = 1
    ) -> None:
        """Open a bundle.

        Args:
            path: Of its `model.json`.
            accelerator: Whose file is run; it runs on the processor all the same.
            threads: XNNPACK's worker threads.

        Raises:
            DataError: If the sidecar is damaged, does not fit its model file, or does not say how
                a photo goes in and how outputs are decoded; the message names the field.
        """
        path = Path(path)
        self.folder, self.sidecar = path.parent, read_sidecar(path)
        if self.sidecar.image is None or self.sidecar.decode is None:
            missing = "image" if self.sidecar.image is None else "decode"
            raise DataError(f"{path}: {missing}: is null, so no photo can be answered")
        self._image, self._decode = self.sidecar.image, self.sidecar.decode
        self._variant = self.sidecar.variant(accelerator)
        file = self.folder / self._variant.file
        check_fit(path, self.sidecar, file)
        self._model = LiteRtModel(file, self.sidecar.inputs, self.sidecar.outputs, threads=threads)

    def tensor(self, image: NDArray[np.uint8]) -> tuple[NDArray[Any], Placement]:
        """Make the image input [1, C, H, W] of an upright photo [H, W, 3] uint8 RGB."""
        pixels, placement = resize(image, self._image.rule)
        return photo_tensor(pixels, self._image)[np.newaxis], placement

    def predict(self, photo: NDArray[np.uint8] | AnyPath) -> tuple[Prediction, ...]:
        """Answer a photo: best first, in its pixels.

        Args:
            photo: Upright, [H, W, 3] uint8 RGB; or the path of a picture file.

        Raises:
            DataError: If the file is missing or is not a picture.
        """
        image = photo if isinstance(photo, np.ndarray) else load_image(photo)
        tensor, placement = self.tensor(image)
        outputs = self._run({self._image.name: tensor})
        return predictions(outputs, self._decode, self.sidecar.labels, placement)

    def golden_differences(self) -> dict[str, float]:
        """Run the golden examples: the largest absolute difference by output, in real units.

        Raises:
            DataError: If a file of an example is missing or damaged.
        """
        worst = dict.fromkeys((info.name for info in self.sidecar.outputs), 0.0)
        infos = {info.name: info for info in (*self.sidecar.inputs, *self.sidecar.outputs)}
        for golden in self.sidecar.golden:
            expected = golden.outputs[self._variant.accelerator]
            files = {**golden.inputs, **expected}
            arrays = {
                name: dequantize(infos[name], read_tensor(self.folder, file))
                for name, file in files.items()
            }
            if golden.pixels is not None:
                pixels = read_tensor(self.folder, golden.pixels)
                arrays[self._image.name] = photo_tensor(pixels, self._image)[np.newaxis]
            for name, found in self._run(arrays).items():
                apart = np.abs(np.asarray(found, np.float64) - arrays[name])
                worst[name] = max(worst[name], float(apart.max()))
        return worst

    def _run(self, arrays: Arrays) -> Arrays:
        """Run the file; a single photo fills its batch."""
        size = next(info for info in self.sidecar.inputs if info.name == self._image.name).shape[0]
        photo = np.repeat(arrays[self._image.name], size or 1, 0)
        return self._model.run({**arrays, self._image.name: photo})


def photo_tensor(pixels: NDArray[np.uint8], image: ImageInput) -> NDArray[Any]:
    """Turn resized pixels [H, W, C] into what the file takes, [C, H, W]."""
    return to_tensor(pixels, image.rule, raw=image.normalised_by == "file")


def predictions(
    outputs: Arrays, rule: DecodeRule, labels: Sequence[str], placement: Placement
) -> tuple[Prediction, ...]:
    """Decode the outputs for the first photo of a batch, in ONNX order: best first."""
    return rule.answer(rule.first(outputs), labels, placement)


def check_golden(path: AnyPath, sidecar: Sidecar, index: int) -> None:
    """Check that a golden photo gives the golden pixels, and the outputs the predictions.

    Args:
        path: Of the sidecar.
        sidecar: As read.
        index: Of the example.

    Raises:
        DataError: If it does not, so that a rule of the sidecar is wrong; or if a file is missing
            or damaged.
    """
    path = Path(path)
    golden, image, rule = sidecar.golden[index], sidecar.image, sidecar.decode
    if image is None or golden.photo is None or golden.pixels is None:
        return
    pixels, placement = resize(load_image(path.parent / golden.photo), image.rule)
    if not np.array_equal(pixels, read_tensor(path.parent, golden.pixels)):
        raise DataError(
            f"{path}: image.rule: does not make golden.{index}.pixels of {golden.photo}; make it "
            "again"
        )
    if rule is None:
        return
    outputs = {
        info.name: dequantize(info, read_tensor(path.parent, golden.outputs["cpu"][info.name]))
        for info in sidecar.outputs
    }
    found = predictions(outputs, rule, sidecar.labels, placement)
    if not _alike(found[: len(golden.predictions)], golden.predictions):
        raise DataError(
            f"{path}: decode: does not make golden.{index}.predictions of the outputs; make it "
            "again"
        )


def _alike(found: Sequence[Prediction], golden: Sequence[Prediction]) -> bool:
    """Compare predictions; NumPy's own `exp` differs between processors in a float's last bit."""
    return len(found) == len(golden) and all(
        _close(one.model_dump(), other.model_dump())
        for one, other in zip(found, golden, strict=True)
    )


def _close(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-5, abs_tol=1e-6)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_close(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_close, one, other))
    return bool(one == other)


def check_fit(path: AnyPath, sidecar: Sidecar, file: AnyPath) -> None:
    """Check that a model file has the tensors that its sidecar describes.

    Raises:
        DataError: If it has not, naming the field; or if it cannot be loaded.
    """
    file = Path(file)
    signature = describe(file)
    for role in ("inputs", "outputs"):
        described: Sequence[TensorInfo] = getattr(sidecar, role)
        real = {info.name: info for info in getattr(signature, role)}
        if len(described) != len(real):
            raise DataError(
                f"{path}: {role}: has {len(described)}, {file.name} has {len(real)}; make it again"
            )
        for index, info in enumerate(described):
            _check_tensor(f"{path}: {role}.{index}", info, real.get(info.name), file)


def _check_tensor(where: str, info: TensorInfo, real: TensorInfo | None, file: Path) -> None:
    if real is None:
        raise DataError(f'{where}.name: {file.name} has no "{info.name}"; make it again')
    for field in SIGNATURE_FIELDS:
        said, found = getattr(info, field), getattr(real, field)
        # A file may leave a size free; the sidecar says which it has until it is resized.
        same = fits(said, found) if field == "shape" else said == found
        if not same:
            raise DataError(f"{where}.{field}: is {said}, in {file.name} {found}; make it again")
