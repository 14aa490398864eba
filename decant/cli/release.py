"""Puts together what is handed over: `model.tflite`, its sidecar and a golden example."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from ..artifacts import sha256, write_bytes, write_text
from ..datasets import open_dataset
from ..isolation import run_checked
from ..rules import ArgmaxRule
from ..runtime import LiteRtModel, encode
from ..sidecar import NAME, Golden, ImageInput, Prediction, Sidecar, TensorFile
from ..spec import DetectionTask
from ..tasks import make_task
from .conversion import input_tensor

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from ..images import Placement
    from ..spec import Spec
    from ..tensors import TensorInfo

    Arrays = dict[str, NDArray[Any]]

MODEL_FILE = "model.tflite"
GOLDEN_PREDICTIONS = 20


def write_release(
    spec: Spec,
    chosen: Path,
    inputs: tuple[TensorInfo, ...],
    outputs: tuple[TensorInfo, ...],
    out: Path,
) -> None:
    """Write `model.tflite`, `model.json` and `golden/` into a folder.

    Args:
        spec: Of the model.
        chosen: The file that was chosen.
        inputs: Its inputs.
        outputs: Its outputs.
        out: An empty folder.

    Raises:
        DataError: If the validation data cannot be read, or the folder not be written.
    """
    file = out / MODEL_FILE
    shutil.copyfile(chosen, file)
    sidecar = Sidecar(
        model=spec.model.name,
        file=MODEL_FILE,
        sha256=sha256(file),
        size_bytes=file.stat().st_size,
        inputs=inputs,
        outputs=outputs,
        image=ImageInput(
            name=spec.input.name,
            rule=spec.input.rule,
            normalised_by="file" if spec.input.dtype == "uint8" else "app",
        ),
        labels=spec.task.labels,
        decode=spec.task.decode if isinstance(spec.task, DetectionTask) else ArgmaxRule(),
        golden=(_golden(spec, file, inputs, outputs),),
    )
    document = sidecar.model_dump(mode="json")
    write_text(out / NAME, json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def _golden(
    spec: Spec, file: Path, inputs: tuple[TensorInfo, ...], outputs: tuple[TensorInfo, ...]
) -> Golden:
    """Run the file on the first validation photo and keep every step."""
    folder = file.parent / "golden"
    photo = open_dataset(spec.data.validation, spec.task, spec.folder)[0].image
    encoded = cv2.imencode(".png", cv2.cvtColor(photo, cv2.COLOR_RGB2BGR))[1]
    write_bytes(folder / "photo.png", encoded.tobytes())
    tensor, placement = input_tensor(spec, photo)
    given: Arrays = {spec.input.name: np.repeat(tensor[np.newaxis], spec.input.shape[0], 0)}
    found = run_checked(_run, file, inputs, outputs, given)
    return Golden(
        photo="golden/photo.png",
        photo_sha256=sha256(folder / "photo.png"),
        inputs=_keep(folder, "input", inputs, given),
        outputs=_keep(folder, "output", outputs, found),
        predictions=_predictions(spec, found, placement),
    )


def _run(
    file: Path, inputs: Sequence[TensorInfo], outputs: Sequence[TensorInfo], given: Arrays
) -> Arrays:
    return LiteRtModel(file, inputs, outputs).run(given)


def _keep(
    folder: Path, role: str, infos: tuple[TensorInfo, ...], arrays: Arrays
) -> dict[str, TensorFile]:
    """Write tensors as the model file has them: its axis order and element type."""
    kept = {}
    for index, info in enumerate(infos):
        array = encode(info, info.from_onnx_order(arrays[info.name]))
        file = folder / f"{role}_{index}.bin"
        write_bytes(file, array.astype(array.dtype.newbyteorder("<")).tobytes())
        kept[info.name] = TensorFile(
            file=f"{folder.name}/{file.name}",
            sha256=sha256(file),
            dtype=info.dtype,
            shape=array.shape,
        )
    return kept


def _predictions(spec: Spec, outputs: Arrays, placement: Placement) -> tuple[Prediction, ...]:
    """Decode the outputs of the first photo, best first."""
    first = {name: array[:1] for name, array in outputs.items()}
    prediction = make_task(spec.task).predict(first, [placement])[0]
    labels = spec.task.labels
    if isinstance(prediction, np.ndarray):
        best = int(np.argmax(prediction))
        return (Prediction(label=labels[best], score=float(prediction[best])),)
    return tuple(
        Prediction(
            label=labels[prediction.labels[index]],
            score=round(float(prediction.scores[index]), 6),
            quad=tuple(
                (round(float(x), 3), round(float(y), 3)) for x, y in prediction.quads[index]
            ),
        )
        for index in range(min(GOLDEN_PREDICTIONS, len(prediction.scores)))
    )
