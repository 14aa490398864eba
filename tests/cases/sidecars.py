"""A sidecar with every field, of a model file that holds no model."""

from decant.artifacts import sha256
from decant.rules import ImageRule, QuadGridRule
from decant.sidecar import (
    Golden,
    ImageInput,
    Prediction,
    Sidecar,
    TensorFile,
    Variant,
    Verdict,
)
from decant.tensors import TensorInfo


def tensor_file(*shape, dtype="float32"):
    return TensorFile(file="golden/x.bin", sha256="0" * 64, dtype=dtype, shape=shape)


def write_model(folder, model="detector", labels=("formula",)):
    """Write a stand-in for a model file, and describe a detector that it could be."""
    file = folder / "model.tflite"
    file.write_bytes(b"TFL3")
    rule = ImageRule(
        height=32,
        width=64,
        colour="rgb",
        mean=(0.5,) * 3,
        std=(0.5,) * 3,
        resize="letterbox",
        padding=114,
        shrink="area",
    )
    scores, corners = tensor_file(1, 4, 8, len(labels)), tensor_file(1, 4, 8, 8)
    outputs = {"scores_s8": scores, "corners_s8": corners}
    return Sidecar(
        model=model,
        variants=(
            Variant(
                accelerator="cpu",
                name="static_int8",
                file="model.tflite",
                sha256=sha256(file),
                size_bytes=4,
                tolerance={"scores_s8": 0.5, "corners_s8": 0.25},
            ),
        ),
        inputs=(TensorInfo(name="image", shape=(1, 32, 64, 3), dtype="float32", layout="nhwc"),),
        outputs=tuple(
            TensorInfo(name=name, shape=file.shape, dtype="float32", layout="nhwc")
            for name, file in outputs.items()
        ),
        image=ImageInput(name="image", rule=rule, normalised_by="app"),
        labels=labels,
        decode=QuadGridRule(strides=(8,)),
        golden=(
            Golden(
                pixels=tensor_file(32, 64, 3, dtype="uint8"),
                inputs={},
                outputs={"cpu": outputs},
                predictions=(Prediction(label="formula", score=0.5, quad=((0.0, 1.0),) * 4),),
            ),
        ),
        licences={"model": "Apache-2.0"},
        verdicts=(
            Verdict(
                requirement="max_drop",
                subject="drop of ap50",
                unit="fraction",
                limit=0.01,
                measured=None,
                met=None,
            ),
        ),
        made_from={"code": "0" * 64},
    )


def put(document, path, value):
    """Set, or with None remove, what stands at a path such as `image.rule.mean`."""
    *parents, last = (int(part) if part.isdigit() else part for part in path.split("."))
    for part in parents:
        document = document[part]
    if value is None:
        del document[last]
    else:
        document[last] = value
