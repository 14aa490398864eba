"""Puts together what is handed over: `model.tflite`, its sidecar and a golden example."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from ..artifacts import sha256, write_bytes, write_text
from ..datasets import open_dataset
from ..images import resize
from ..isolation import run_checked
from ..manifest import SHIPPED
from ..predictor import photo_tensor, predictions
from ..rules import ArgmaxRule
from ..runtime import LiteRtModel, encode
from ..sidecar import NAME, Golden, ImageInput, Sidecar, TensorFile, Variant, Verdict
from ..spec import DetectionTask

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from ..sidecar import Accelerator
    from ..spec import Spec
    from ..tensors import TensorInfo

    Arrays = dict[str, NDArray[Any]]

GOLDEN_PREDICTIONS = 20
LEAST_TOLERANCE = 0.01
"""Of an output's largest golden value, for arithmetic in half precision: GPUs use it, and the
detector computed in float16 throughout is 0.0011 off (8 calibration photos, PyTorch)."""


@dataclass(frozen=True, slots=True)
class Candidate:
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

    chosen: Candidate
    gpu: Candidate
    reference: Candidate


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
    image = ImageInput(
        name=spec.input.name,
        rule=spec.input.rule,
        normalised_by="file" if spec.input.dtype == "uint8" else "app",
    )
    example = _Example(spec, files, image)
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
        inputs=files.chosen.inputs,
        outputs=files.chosen.outputs,
        image=image,
        labels=spec.task.labels,
        decode=example.rule,
        golden=(example.write(out / "golden"),),
        licences=spec.licences,
        verdicts=tuple(_verdict(row) for row in report["verdict"]),
        made_from=dict(made_from),
    )
    document = sidecar.model_dump(mode="json")
    write_text(out / NAME, json.dumps(document, indent=2, ensure_ascii=False) + "\n")


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


class _Example:
    """The first validation photo, run through every file."""

    def __init__(self, spec: Spec, files: Files, image: ImageInput) -> None:
        self.spec, self.image = spec, image
        self.rule = spec.task.decode if isinstance(spec.task, DetectionTask) else ArgmaxRule()
        self.photo = open_dataset(spec.data.validation, spec.task, spec.folder)[0].image
        self.pixels, self.placement = resize(self.photo, image.rule)
        self.variants: dict[Accelerator, Candidate] = {"cpu": files.chosen}
        # An app fills and reads all files alike.
        if (files.gpu.inputs, files.gpu.outputs) == (files.chosen.inputs, files.chosen.outputs):
            self.variants["gpu"] = files.gpu
        self.outputs = {key: self._run(each) for key, each in self.variants.items()}
        self.reference = self._run(files.reference)

    def _run(self, candidate: Candidate) -> Arrays:
        tensor = photo_tensor(self.pixels, self.image)
        given = {self.image.name: tensor[np.newaxis]}
        found: Arrays = run_checked(
            _run, candidate.path, candidate.inputs, candidate.outputs, given
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
        """Write the photo, the pixels and all outputs."""
        encoded = cv2.imencode(".png", cv2.cvtColor(self.photo, cv2.COLOR_RGB2BGR))[1]
        write_bytes(folder / "photo.png", encoded.tobytes())
        found = predictions(self.outputs["cpu"], self.rule, self.spec.task.labels, self.placement)
        return Golden(
            photo=f"{folder.name}/photo.png",
            photo_sha256=sha256(folder / "photo.png"),
            pixels=_keep(folder / "pixels.bin", self.pixels),
            inputs={},
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
            predictions=found[:GOLDEN_PREDICTIONS],
        )


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
