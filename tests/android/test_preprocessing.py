"""Kotlin makes of every stored frame the very tensor that Python makes of the upright photo."""

import json

import cv2
import numpy as np
import pytest
from PIL import Image
from stored_pictures import EXIF, ROTATIONS, rgb_of_yuv, turned, upright

from decant.images import load_image, resize
from decant.predictor import Predictor, photo_tensor
from decant.runtime import encode
from decant.sidecar import Sidecar

# Width and height, stored: odd, even, flat, tall, one pixel, smaller and larger than the tensor.
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
    """Planes in files, and the part of the picture that is looked at."""

    def __init__(self, folder, crop):
        self.folder, self.crop, self.planes = folder, crop, []

    def add(self, samples, *, pixel_stride, slack):
        """Store a plane [H, W, samples a pixel] with other bytes around the samples."""
        height, width, count = samples.shape
        row_stride = width * pixel_stride + slack
        stored = RANDOM.integers(0, 256, height * row_stride, np.uint8)
        for sample in range(count):
            view = np.lib.stride_tricks.as_strided(
                stored[sample:], (height, width), (row_stride, pixel_stride)
            )
            view[:] = samples[:, :, sample]
        path = self.folder / f"plane_{len(self.planes)}.bin"
        stored.tofile(path)
        plane = {"file": str(path), "row_stride": row_stride, "pixel_stride": pixel_stride}
        self.planes.append(plane)


def tensor_of(kotlin, sidecar, frame, **turn):
    """Give the elements that Kotlin makes, as bytes, and where the photo lies in them."""
    into = frame.folder / "tensor.bin"
    request = {"sidecar": str(sidecar), "planes": frame.planes, "crop": frame.crop}
    kotlin.ask({**request, **turn, "tensor": str(into)})
    placement = kotlin.answer()
    return into.read_bytes(), placement


def whole(folder, pixels, pixel_stride=3, slack=0):
    """Store a picture [H, W, 3] as one plane that is looked at as a whole."""
    frame = Frame(folder, [0, 0, pixels.shape[1], pixels.shape[0]])
    frame.add(pixels, pixel_stride=pixel_stride, slack=slack)
    return frame


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
        frame = whole(tmp_path, pixels, pixel_stride, slack)
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
        frame = whole(tmp_path, pixels, pixel_stride=4)
        frame.crop = [left, top, width, height]
        answer = tensor_of(kotlin, bundle / "model.json", frame, rotation=rotation)
        part = pixels[top : top + height, left : left + width]
        assert_same(answer, predictor, turned(part, rotation))


@pytest.mark.parametrize("rotation", ROTATIONS)
@pytest.mark.parametrize("chroma_stride", [1, 2])
def test_yuv_of_odd_sizes(kotlin, predictor, bundle, tmp_path, chroma_stride, rotation):
    for width, height in ((64, 48), (63, 47), (1, 1)):
        luma = RANDOM.integers(0, 256, (height, width, 1), np.uint8)
        chroma = RANDOM.integers(0, 256, (2, (height + 1) // 2, (width + 1) // 2, 1), np.uint8)
        for left, top in ((0, 0), (width // 3, height // 5)):
            frame = Frame(tmp_path, [left, top, width - left, height - top])
            frame.add(luma, pixel_stride=1, slack=3)
            frame.add(chroma[0], pixel_stride=chroma_stride, slack=1)
            frame.add(chroma[1], pixel_stride=chroma_stride, slack=0)
            answer = tensor_of(kotlin, bundle / "model.json", frame, rotation=rotation)
            rows, columns = np.mgrid[top:height, left:width]
            blueness, redness = chroma[:, rows // 2, columns // 2, 0]
            photo = rgb_of_yuv(luma[top:, left:, 0], blueness, redness)
            assert_same(answer, predictor, turned(photo, rotation))


@pytest.mark.parametrize("exif", EXIF)
def test_the_orientation_in_a_jpeg(kotlin, predictor, bundle, tmp_path, exif):
    """Python leaves turning to OpenCV's decoder, which reads the same tag."""
    path = tmp_path / "photo.jpg"
    tags = Image.Exif()
    tags[0x0112] = exif
    Image.fromarray(noise((150, 101))).save(path, exif=tags)
    pixels = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION)
    answer = tensor_of(kotlin, bundle / "model.json", whole(tmp_path, pixels), exif=exif)
    assert_same(answer, predictor, load_image(path))


def test_rgb_is_near_the_standards_real_numbers():
    """The integers that both languages use stand for ITU-T T.871's constants."""
    y, u, v = (axis.astype(float) for axis in np.mgrid[0:256:5, 0:256, 0:256:3])
    exact = (
        y + 1.402 * (v - 128),
        y - 0.344136 * (u - 128) - 0.714136 * (v - 128),
        y + 1.772 * (u - 128),
    )
    apart = rgb_of_yuv(y, u, v) - np.clip(np.stack(exact, -1), 0, 255)
    # Half a level, and the rounding of the constants.
    assert np.abs(apart).max() <= 0.51


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
            answer, _ = tensor_of(kotlin, sidecar, whole(tmp_path, pixels, 4), exif=exif)
            fitted, _ = resize(np.ascontiguousarray(upright(pixels, exif)), image.rule)
            tensor = info.from_onnx_order(photo_tensor(fitted, image)[np.newaxis])
            assert answer == np.ascontiguousarray(encode(info, tensor)).tobytes(), (size, exif)
