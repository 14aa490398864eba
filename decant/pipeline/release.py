"""Puts together what is handed over: `model.tflite`, its sidecar and a golden example."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import cv2
import numpy as np

from ..artifacts import sha256, write_bytes, write_text
from ..contract.predictor import predictions
from ..contract.sidecar import Golden, ImageInput, Sidecar, TensorFile, Variant, Verdict
from ..datasets import open_dataset
from ..files import GOLDEN, SHIPPED, SIDECAR
from ..inputs import ArraySection, AudioSection
from ..inputs.fitting import fit
from ..isolation import run_checked
from ..runtime import LiteRtModel, encode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from ..contract.decode import Prediction
    from ..contract.sidecar import Accelerator
    from ..spec import Spec
    from ..tensors import TensorInfo

    Arrays = dict[str, NDArray[Any]]

GOLDEN_PREDICTIONS = 20
LEAST_TOLERANCE = 0.01
"""Of an output's largest golden value, for arithmetic in half precision: GPUs use it, and the
detector computed in float16 throughout is 0.0011 off (8 calibration photos, PyTorch)."""


@dataclass(frozen=True, slots=True)
class ReleaseFile:
    """A model file that can be handed over.

    Attributes:
        name: In the report.
        path: Of the file.
        inputs: Of the file.
        outputs: Of the file.
    """

    name: str
    path: Path
    inputs: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]


@dataclass(frozen=True, slots=True)
class Files:
    """What a release is made of.

    Attributes:
        chosen: Becomes `model.tflite`, for the CPU.
        gpu: For the GPU, which runs floats; it stays where it is, beside the sidecar.
        reference: The float32 file.
    """

    chosen: ReleaseFile
    gpu: ReleaseFile
    reference: ReleaseFile


def write_release(
    spec: Spec,
    files: Files,
    report: Mapping[str, Any],
    made_from: Mapping[str, str],
    out: Path,
) -> None:
    """Write `model.tflite`, `model.json` and `golden/` into a folder.

    Args:
        spec: Of the model.
        files: To be handed over.
        report: The document `report.json`.
        made_from: Digests of the provenance.
        out: An empty folder.

    Raises:
        DataError: If the validation data cannot be read, or the folder not be written.
    """
    shutil.copyfile(files.chosen.path, out / SHIPPED)
    example = _Example(spec, files)
    sidecar = Sidecar(
        model=spec.model.name,
        variants=tuple(
            Variant(
                accelerator=accelerator,
                name=candidate.name,
                file=SHIPPED if candidate == files.chosen else candidate.path.name,
                sha256=sha256(candidate.path),
                size_bytes=candidate.path.stat().st_size,
                tolerance=example.tolerance(accelerator),
            )
            for accelerator, candidate in example.variants.items()
        ),
        inputs=_sized(files.chosen.inputs, example.given),
        outputs=_sized(files.chosen.outputs, example.outputs["cpu"]),
        image=_image_input(spec),
        arrays={
            name: section.rule
            for name, section in spec.signature.items()
            if isinstance(section, ArraySection)
        },
        sounds={
            name: section.rule
            for name, section in spec.signature.items()
            if isinstance(section, AudioSection)
        },
        labels=example.task.labels,
        decode=example.task.rule,
        golden=(example.write(out / GOLDEN),),
        licences=spec.licences,
        verdicts=tuple(_verdict(row) for row in report["verdict"]),
        made_from=dict(made_from),
    )
    document = sidecar.model_dump(mode="json")
    write_text(out / SIDECAR, json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def _sized(infos: Sequence[TensorInfo], arrays: Arrays) -> tuple[TensorInfo, ...]:
    """Give free sizes the golden example's, which are those of the file until it is resized."""
    return tuple(
        info.model_copy(update={"shape": info.from_onnx_order(arrays[info.name]).shape})
        for info in infos
    )


def _verdict(row: Mapping[str, Any]) -> Verdict:
    """Shorten a row of the report."""
    return Verdict(
        requirement=row["requirement"],
        subject=row["subject"],
        unit=row["unit"],
        limit=row["limit"],
        measured=row["value"],
        met={"met": True, "broken": False}.get(row["status"]),
    )


def _image_input(spec: Spec) -> ImageInput | None:
    """Describe the photo; of a picture of any number of channels no camera has a rule."""
    section = spec.image
    if section is None or section.colour == "channels":
        return None
    by: Literal["file", "app"] = "file" if section.dtype == "uint8" else "app"
    return ImageInput(name=section.name, rule=section.rule, normalised_by=by)


class _Example:
    """The first validation sample, run through every file."""

    def __init__(self, spec: Spec, files: Files) -> None:
        self.image, self.task = _image_input(spec), spec.open_task()
        source = spec.data.validation
        dataset = open_dataset(source, self.task, spec.folder, inputs=spec.signature)
        self.sample, self.fitted, self.placement = fit(dataset[0], spec.signature)
        self.given = {
            name: section.tensor(self.fitted[name], raw=section.file_dtype == "uint8")[np.newaxis]
            for name, section in spec.signature.items()
        }
        self.variants: dict[Accelerator, ReleaseFile] = {"cpu": files.chosen}
        # An app fills and reads all files alike.
        if (files.gpu.inputs, files.gpu.outputs) == (files.chosen.inputs, files.chosen.outputs):
            self.variants["gpu"] = files.gpu
        self.outputs = {key: self._run(each) for key, each in self.variants.items()}
        self.reference = self._run(files.reference)

    def _run(self, candidate: ReleaseFile) -> Arrays:
        found: Arrays = run_checked(
            _run, candidate.path, candidate.inputs, candidate.outputs, self.given
        )
        return found

    def tolerance(self, accelerator: Accelerator) -> dict[str, float]:
        """Say how far another runtime's outputs may lie from the golden ones, by output.

        Two right implementations of a quantized file round differently: LiteRT's own kernels and
        XNNPACK lie as far apart as either from the float file (detector: 0.31 of corner offsets in
        ±8). So each may be twice as far off as quantization itself; a float file is given
        `LEAST_TOLERANCE`.
        """
        return {
            name: max(
                2 * float(np.abs(values.astype(np.float64) - self.reference[name]).max()),
                LEAST_TOLERANCE * float(np.abs(self.reference[name]).max()),
            )
            for name, values in self.outputs[accelerator].items()
        }

    def write(self, folder: Path) -> Golden:
        """Write the photo with its pixels, the other inputs, and all outputs."""
        inputs = {
            info.name: info for info in self.variants["cpu"].inputs if not self._is_photo(info.name)
        }
        return Golden(
            **self._photo(folder),
            inputs={
                name: _keep(
                    folder / f"input_{index}.bin",
                    encode(info, info.from_onnx_order(self.given[name])),
                )
                for index, (name, info) in enumerate(inputs.items())
            },
            outputs={
                accelerator: {
                    info.name: _keep(
                        folder / f"{accelerator}_{index}.bin",
                        encode(info, info.from_onnx_order(self.outputs[accelerator][info.name])),
                    )
                    for index, info in enumerate(candidate.outputs)
                }
                for accelerator, candidate in self.variants.items()
            },
            predictions=self._predictions()[:GOLDEN_PREDICTIONS],
        )

    def _is_photo(self, name: str) -> bool:
        return self.image is not None and self.image.name == name

    def _photo(self, folder: Path) -> dict[str, Any]:
        """Write the photo and the pixels that its rule makes of it, where there is one."""
        if self.image is None:
            return {}
        photo = self.sample.load()[self.image.name]
        encoded = cv2.imencode(".png", cv2.cvtColor(photo, cv2.COLOR_RGB2BGR))[1]
        write_bytes(folder / "photo.png", encoded.tobytes())
        return {
            "photo": f"{folder.name}/photo.png",
            "photo_sha256": sha256(folder / "photo.png"),
            "pixels": _keep(folder / "pixels.bin", self.fitted[self.image.name]),
        }

    def _predictions(self) -> tuple[Prediction, ...]:
        """Decode the outputs, where a rule says how, and the photo is where."""
        rule = self.task.rule
        if rule is None or self.image is None or self.placement is None:
            return ()
        return predictions(self.outputs["cpu"], rule, self.task.labels, self.placement)


def _run(
    file: Path, inputs: Sequence[TensorInfo], outputs: Sequence[TensorInfo], given: Arrays
) -> Arrays:
    return LiteRtModel(file, inputs, outputs).run(given)


def _keep(file: Path, array: NDArray[Any]) -> TensorFile:
    """Write a tensor as the model file has it: its axis order and element type."""
    write_bytes(file, array.astype(array.dtype.newbyteorder("<")).tobytes())
    return TensorFile(
        file=f"{file.parent.name}/{file.name}",
        sha256=sha256(file),
        dtype=array.dtype.name,
        shape=array.shape,
    )
