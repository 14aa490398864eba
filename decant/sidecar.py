"""The sidecar `model.json`: all that an app has to know to use `model.tflite`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .artifacts import read_json, sha256
from .errors import DataError
from .rules import ArgmaxRule, ImageRule, QuadGridRule
from .tensors import TensorInfo

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA: Final = 1
NAME = "model.json"

Decode = Annotated[QuadGridRule | ArgmaxRule, Field(discriminator="kind")]


class Part(BaseModel):
    """A frozen part of the sidecar, closed to keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ImageInput(Part):
    """Which input takes the photo, and how.

    Attributes:
        name: Of the input.
        rule: How a photo becomes its tensor.
        normalised_by: "app": mean and std are the caller's to apply; "file": the file takes raw
            pixels 0…255 and applies them itself.
    """

    name: str
    rule: ImageRule
    normalised_by: Literal["app", "file"]


class TensorFile(Part):
    """A tensor in a file of its own: raw little-endian elements in C order.

    Attributes:
        file: Relative to the sidecar.
        sha256: Of the file.
        dtype: NumPy name of the element type.
        shape: In the model file's axis order.
    """

    file: str
    sha256: str
    dtype: str
    shape: tuple[int, ...]


class Prediction(Part):
    """One thing that the decode rule finds in the golden outputs, in pixels of the photo."""

    label: str
    score: float
    quad: tuple[tuple[float, float], ...] = ()


class Golden(Part):
    """An example to check an implementation against.

    Attributes:
        photo: Picture file that `inputs` was made from by the image rule, relative to the sidecar.
        photo_sha256: Of that file.
        inputs: By input name.
        outputs: What LiteRT gave on the machine that built the file, by output name.
        predictions: What the decode rule makes of the outputs, best first.
    """

    photo: str | None
    photo_sha256: str | None = None
    inputs: dict[str, TensorFile]
    outputs: dict[str, TensorFile]
    predictions: tuple[Prediction, ...] = ()


class Sidecar(Part):
    """A whole `model.json`.

    Attributes:
        schema_version: Of this format.
        model: Name of the model.
        file: The model file, beside the sidecar.
        sha256: Of the model file.
        size_bytes: Of the model file.
        inputs: In the signature's order.
        outputs: In the signature's order.
        image: How a photo goes in.
        labels: By index.
        decode: How outputs become predictions.
        golden: Examples.
    """

    schema_version: Literal[1] = SCHEMA
    model: str
    file: str
    sha256: str
    size_bytes: int
    inputs: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]
    image: ImageInput | None = None
    labels: tuple[str, ...] = ()
    decode: Decode | None = None
    golden: tuple[Golden, ...] = ()


def read_sidecar(path: Path) -> Sidecar:
    """Read a sidecar and check that the model file beside it is the one it describes.

    Raises:
        DataError: If it is missing, of another format, or describes another file.
    """
    try:
        sidecar = Sidecar.model_validate(read_json(path))
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(str(part) for part in fault["loc"])
        raise DataError(
            f"{path}: not a sidecar of schema {SCHEMA} ({where}: {fault['msg']}); "
            "make it again with decant tflite"
        ) from error
    file = path.parent / sidecar.file
    found = sha256(file)
    if found != sidecar.sha256:
        raise DataError(
            f"{file}: SHA-256 is {found[:12]}…, but {path.name} describes {sidecar.sha256[:12]}…; "
            "keep the two files of one run together"
        )
    return sidecar
