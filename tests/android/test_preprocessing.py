"""Kotlin makes of every stored frame the very tensor that Python makes of the upright photo."""

import json

import cv2
import numpy as np
import pytest
from PIL import Image
from stored_pictures import EXIF, ROTATIONS, turned, upright

from decant.contract.images import load_image, resize
from decant.contract.predictor import Predictor, photo_tensor
from decant.contract.sidecar import Sidecar
from decant.runtime import encode

# Width and height, stored: odd, even, flat, tall, one pixel, smaller and larger than the tensor.
pytestmark = pytest.mark.xdist_group("preprocessing")
SIZES = ((37, 53), (640, 480), (1001, 23), (9, 700), (1, 1), (320, 320), (333, 97))
# Pixel stride, and bytes between the rows.
STRIDES = ((4, 0), (4, 16), (4, 5), (3, 0), (3, 1), (6, 2))
RANDOM = np.random.default_rng(11)


@pytest.fixture(scope="module")
def kotlin(jvm):
    with jvm.start("dev.decant.host.samples.MakeTensorsKt") as lines:
        yield lines
        lines.finish()


@pytest.fixture(scope="module")
def predictor(bundle):
    return Predictor(bundle / "model.json")


class Frame:
    """A picture [H, W, 3] in a file, and the part of it that is looked at: at first the whole."""

    def __init__(self, folder, pixels, pixel_stride=3, slack=0):
        """Store it with other bytes around its own."""
        height, width, count = pixels.shape
        self.folder, self.crop = folder, [0, 0, width, height]
        row_stride = width * pixel_stride + slack
        stored = RANDOM.integers(0, 256, height * row_stride, np.uint8)
        for channel in range(count):
            view = np.lib.stride_tricks.as_strided(
                stored[channel:], (height, width), (row_stride, pixel_stride)
            )
            view[:] = pixels[:, :, channel]
        path = folder / "plane.bin"
        stored.tofile(path)
        self.plane = {"file": str(path), "row_stride": row_stride, "pixel_stride": pixel_stride}


def tensor_of(kotlin, sidecar, frame, **turn):
    """Give the elements that Kotlin makes, as bytes, and where the photo lies in them."""
    into = frame.folder / "tensor.bin"
    request = {"sidecar": str(sidecar), "plane": frame.plane, "crop": frame.crop}
    kotlin.ask({**request, **turn, "tensor": str(into)})
    placement = kotlin.answer()
    return into.read_bytes(), placement


def noise(size):
    width, height = size
    return RANDOM.integers(0, 256, (height, width, 3), np.uint8)


def assert_same(answer, predictor, photo):
    """Compare with what Python makes of an upright photo, bit for bit."""
    tensor, placement = predictor.tensor(np.ascontiguousarray(photo))
    found, where = answer
    assert found == np.ascontiguousarray(tensor.transpose(0, 2, 3, 1)).tobytes()
    assert where == [*placement.scale, *placement.offset]


@pytest.mark.parametrize("exif", EXIF)
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_sizes_strides_and_exif_orientations(kotlin, predictor, bundle, tmp_path, size, exif):
    pixels = noise(size)
    for pixel_stride, slack in STRIDES:
        frame = Frame(tmp_path, pixels, pixel_stride, slack)
        answer = tensor_of(kotlin, bundle / "model.json", frame, exif=exif)
        assert_same(answer, predictor, upright(pixels, exif))


@pytest.mark.parametrize("rotation", ROTATIONS)
def test_crops_and_rotations_of_rgba(kotlin, predictor, bundle, tmp_path, rotation):
    pixels = noise((131, 90))
    for left, top, width, height in (
        (0, 0, 131, 90),
        (3, 7, 101, 64),
        (130, 89, 1, 1),
        (64, 0, 2, 90),
    ):
        frame = Frame(tmp_path, pixels, pixel_stride=4)
        frame.crop = [left, top, width, height]
        answer = tensor_of(kotlin, bundle / "model.json", frame, rotation=rotation)
        part = pixels[top : top + height, left : left + width]
        assert_same(answer, predictor, turned(part, rotation))


@pytest.mark.parametrize("exif", EXIF)
def test_the_orientation_in_a_jpeg(kotlin, predictor, bundle, tmp_path, exif):
    """Python leaves turning to OpenCV's decoder, which reads the same tag."""
    path = tmp_path / "photo.jpg"
    tags = Image.Exif()
    tags[0x0112] = exif
    Image.fromarray(noise((150, 101))).save(path, exif=tags)
    pixels = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION)
    answer = tensor_of(kotlin, bundle / "model.json", Frame(tmp_path, pixels), exif=exif)
    assert_same(answer, predictor, load_image(path))


RULES = [
    pytest.param(rule, id=" ".join(map(str, rule.values())))
    for rule in (
        {"resize": "stretch"},
        {"resize": "crop"},
        {"colour": "bgr"},
        {"colour": "grey"},
        {"shrink": "bilinear"},
        {"resize": "crop", "shrink": "bilinear", "colour": "grey"},
        {"layout": "nchw"},
        {"layout": "nchw", "colour": "grey"},
        {"dtype": "uint8", "normalised_by": "file"},
        {"dtype": "int8", "scale": 0.0186584, "zero_point": -14},
        {"dtype": "uint8", "scale": 0.0186584, "zero_point": 114},
        {"padding": 0, "mean": [0.0, 0.25, 1.0], "std": [1.0, 0.1, 2.0]},
    )
]


def described(bundle, changes, path):
    """Write a sidecar of another image input, and give its tensor's description and rule."""
    document = json.loads((bundle / "model.json").read_text())
    document.update(decode=None, golden=[])
    info, image = document["inputs"][0], document["image"]
    rule = image["rule"]
    rule.update(height=75, width=100)
    for name, value in changes.items():
        place = next(part for part in (info, image, rule) if name in part)
        place[name] = value
    channels = 1 if rule["colour"] == "grey" else 3
    rule.update(mean=rule["mean"][:channels], std=rule["std"][:channels])
    shape = [75, 100, channels] if info["layout"] == "nhwc" else [channels, 75, 100]
    info["shape"] = [1, *shape]
    path.write_text(json.dumps(document))
    sidecar = Sidecar.model_validate(document)
    return sidecar.inputs[0], sidecar.image


@pytest.mark.parametrize("changes", RULES)
def test_every_rule(kotlin, bundle, tmp_path, changes):
    sidecar = tmp_path / "other.json"
    info, image = described(bundle, changes, sidecar)
    for size in ((37, 53), (240, 180), (101, 400), (640, 13)):
        for exif in (1, 6, 7):
            pixels = noise(size)
            answer, _ = tensor_of(kotlin, sidecar, Frame(tmp_path, pixels, 4), exif=exif)
            fitted, _ = resize(np.ascontiguousarray(upright(pixels, exif)), image.rule)
            tensor = info.from_onnx_order(photo_tensor(fitted, image)[np.newaxis])
            assert answer == np.ascontiguousarray(encode(info, tensor)).tobytes(), (size, exif)
