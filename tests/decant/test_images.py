"""Photos reach the tensor as the image rule says, and points find their way back."""

import cv2
import numpy as np
import pytest

from decant.contract import images
from decant.contract.rules import ImageRule
from decant.errors import DataError

RULE = ImageRule(
    height=40,
    width=60,
    colour="rgb",
    mean=(0.5, 0.25, 0.0),
    std=(0.5, 0.25, 1.0),
    resize="letterbox",
    padding=114,
    shrink="area",
)


@pytest.fixture
def photo():
    return np.random.default_rng(0).integers(0, 256, (100, 200, 3), np.uint8)


def rule(**changes):
    return RULE.model_copy(update=changes)


def test_letterbox_stands_at_the_top_left_and_is_padded_with_grey(photo):
    pixels, placement = images.resize(photo, RULE)
    assert pixels.shape == (40, 60, 3)
    assert placement.scale == (0.3, 0.3)
    assert (pixels[30:] == 114).all()
    assert (pixels[:30] != 114).any(axis=(1, 2)).all()


def test_stretch_fills_the_tensor(photo):
    _, placement = images.resize(photo, rule(resize="stretch"))
    assert placement.scale == (0.3, 0.4)
    assert placement.offset == (0.0, 0.0)


def test_crop_takes_the_middle():
    photo = np.zeros((40, 100, 3), np.uint8)
    photo[:, 20:80] = 255
    pixels, placement = images.resize(photo, rule(resize="crop"))
    assert (pixels == 255).all()
    assert placement.offset == (-20.0, 0.0)


def test_area_averages_where_plain_bilinear_skips_pixels():
    stripes = np.zeros((400, 600, 3), np.uint8)
    stripes[:, ::10] = 250
    averaged = images.resize(stripes, rule(resize="stretch"))[0]
    skipped = images.resize(stripes, rule(resize="stretch", shrink="bilinear"))[0]
    assert (averaged == 25).all()
    assert not (skipped == 25).any()


def test_normalise_divides_by_the_scale_of_the_pixels():
    pixels = np.full((2, 3, 3), (255, 0, 51), np.uint8)
    tensor = images.normalise(pixels, RULE)
    assert tensor.shape == (3, 2, 3)
    assert tensor.dtype == np.float32
    np.testing.assert_allclose(tensor[:, 0, 0], [1.0, -1.0, 0.2], rtol=1e-6)


@pytest.mark.parametrize(
    ("colour", "mean", "std"),
    [
        ("rgb", (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        ("grey", (0.5,), (0.3,)),
        ("bgr", (0, 0, 0), (1, 1, 1)),
    ],
    ids=["rgb", "grey", "bgr"],
)
def test_normalise_gives_the_bits_of_the_formula_for_every_pixel(colour, mean, std):
    pixels = np.random.default_rng(0).integers(0, 256, (37, 61, len(mean)), np.uint8)
    pixels.flat[:256] = np.arange(256)
    found = images.normalise(pixels, rule(colour=colour, mean=mean, std=std))
    mean, std = np.asarray(mean, np.float32), np.asarray(std, np.float32)
    expected = (pixels.astype(np.float32) / np.float32(255) - mean) / std
    assert found.dtype == np.float32
    assert found.flags.c_contiguous
    np.testing.assert_array_equal(found, expected.transpose(2, 0, 1))


@pytest.mark.parametrize(
    ("colour", "first"), [("rgb", [10, 20, 30]), ("bgr", [30, 20, 10]), ("grey", [18])]
)
def test_channels_come_in_the_order_of_the_rule(colour, first):
    photo = np.full((40, 60, 3), (10, 20, 30), np.uint8)
    assert images.resize(photo, rule(colour=colour))[0][0, 0].tolist() == first


@pytest.mark.parametrize("resize", ["letterbox", "stretch", "crop"])
def test_points_go_there_and_back(photo, resize):
    _, placement = images.resize(photo[:, :150], rule(resize=resize))
    points = np.array([[0.0, 0.0], [149.0, 99.0], [13.5, 70.25]])
    there = placement.to_tensor(points)
    np.testing.assert_allclose(placement.to_photo(there), points, atol=1e-3)


def test_point_of_the_photo_lands_where_its_pixel_is():
    photo = np.zeros((80, 120, 3), np.uint8)
    photo[40:42, 60:62] = 255
    pixels, placement = images.resize(photo, RULE)
    x, y = placement.to_tensor(np.array([61.0, 41.0]))
    row, column = np.unravel_index(pixels[..., 0].argmax(), pixels.shape[:2])
    assert (column, row) == (int(x), int(y))


def test_photo_is_turned_as_its_exif_says(tmp_path, photo):
    from PIL import Image

    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(photo).save(tmp_path / "x.png", exif=exif)
    np.testing.assert_array_equal(images.load_image(tmp_path / "x.png"), np.rot90(photo, -1))


def test_photo_is_read_as_rgb(tmp_path):
    cv2.imwrite(str(tmp_path / "x.png"), np.full((2, 2, 3), (1, 2, 3), np.uint8))
    assert images.load_image(tmp_path / "x.png")[0, 0].tolist() == [3, 2, 1]


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "no such file"), (b"", "not a picture"), (b"\xff\xd8\xff\xe0", "not a picture")],
    ids=["missing", "empty", "truncated"],
)
def test_file_that_is_no_picture(tmp_path, content, message):
    path = tmp_path / "x.jpg"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=f"x.jpg: {message}"):
        images.load_image(path)
