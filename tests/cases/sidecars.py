"""A sidecar with every field, of a model file that holds no model."""

from decant.artifacts import sha256
from decant.contract.decode import (
    ArgmaxRule,
    BoxesScoresRule,
    CtcRule,
    EndToEndRule,
    QuadGridRule,
    SegmentationRule,
    SlotsRule,
    SsdRule,
    YoloRule,
)
from decant.contract.rules import ImageRule
from decant.contract.sidecar import (
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


LABELS = ("formula", "table")
DECODED = {
    "argmax": (ArgmaxRule(), {"scores": (1, 2)}),
    "yolo": (YoloRule(objectness=True), {"output": (1, 7, 5)}),
    "ssd": (
        SsdRule(anchors=((8.0, 8.0, 4.0, 6.0), (20.0, 8.0, 4.0, 6.0))),
        {"boxes": (1, 2, 4), "scores": (1, 2, 3)},
    ),
    "end_to_end": (EndToEndRule(first_class=1), {"output": (1, 5, 6)}),
    "boxes_scores": (
        BoxesScoresRule(box_format="xywh"),
        {"boxes": (1, 5, 4), "scores": (1, 5, 2)},
    ),
    "segmentation": (SegmentationRule(), {"output": (1, 2, 4, 8)}),
    "ctc": (CtcRule(alphabet="abc", order="time_first", beam_width=3), {"output": (6, 1, 4)}),
    "slots": (SlotsRule(alphabet="abc", blank=-1), {"output": (1, 6, 4)}),
}
"""By kind, a rule of which all keys count, and the shapes of the outputs that it reads."""


def write_decoded(folder, kind):
    """Describe a model whose outputs are decoded by this rule."""
    rule, shapes = DECODED[kind]
    outputs = {name: tensor_file(*shape) for name, shape in shapes.items()}
    whole = write_model(folder, "other", LABELS)
    quad = ((0.0, 1.0),) * rule.corners
    prediction = Prediction(label="ab" if rule.free_labels else LABELS[1], score=0.5, quad=quad)
    changes = {
        "outputs": tuple(
            TensorInfo(name=name, shape=shape, dtype="float32") for name, shape in shapes.items()
        ),
        "variants": (
            whole.variants[0].model_copy(update={"tolerance": dict.fromkeys(shapes, 0.5)}),
        ),
        "decode": rule,
        "golden": (
            whole.golden[0].model_copy(
                update={"outputs": {"cpu": outputs}, "predictions": (prediction,)}
            ),
        ),
    }
    return whole.model_copy(update=changes)


def put(document, path, value):
    """Set, or with None remove, what stands at a path such as `image.rule.mean`."""
    *parents, last = (int(part) if part.isdigit() else part for part in path.split("."))
    for part in parents:
        document = document[part]
    if value is None:
        del document[last]
    else:
        document[last] = value
