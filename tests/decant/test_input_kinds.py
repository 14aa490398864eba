"""What a data set holds becomes what a model is given, input by input."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError
from scipy.io import wavfile

from decant.errors import DataError, SpecError
from decant.inputs import ArraySection, AudioSection, ImageSection
from decant.inputs.fitting import fit, tensors
from decant.samples import Sample
from decant.spec import load_spec

IMAGE = ImageSection(shape=(1, 3, 6, 8), mean=(0.5,) * 3, std=(0.5,) * 3)
ARRAY = ArraySection(kind="array", name="extra", shape=(1, 2, 3), mean=(1.0, 2.0), std=(2.0, 4.0))
CHANNELS = ImageSection(
    shape=(1, 5, 4, 6), colour="channels", mean=(0.0,) * 5, std=(1.0,) * 5, resize="letterbox"
)
AUDIO = AudioSection(kind="audio", name="sound", shape=(1, 100), rate=8000)


def sample(**values):
    return Sample("first", 0, frozenset(), lambda: values)


def test_inputs_are_fitted_each_by_its_own_kind():
    photo = np.full((12, 16, 3), 255, np.uint8)
    numbers = np.arange(6).reshape(2, 3)
    kept = sample(extra=numbers, image=photo)
    found = tensors([kept, kept], {"image": IMAGE, "extra": ARRAY})
    assert list(found) == ["image", "extra"]
    np.testing.assert_array_equal(found["image"], np.ones((2, 3, 6, 8)))
    expected = (numbers - [[1], [2]]) / [[2], [4]]
    np.testing.assert_allclose(found["extra"], [expected] * 2, rtol=1e-6)
    _, _, placement = fit(kept, {"extra": ARRAY, "image": IMAGE})
    assert placement.size == (16, 12)


@pytest.mark.parametrize(
    ("section", "value", "message"),
    [
        (IMAGE, np.zeros((6, 8), np.uint8), r"takes pictures \[H, W, 3\] uint8, not \[6, 8\]"),
        (IMAGE, np.zeros((0, 8, 3), np.uint8), r"not \[0, 8, 3\]"),
        (IMAGE, np.zeros((6, 8, 3)), r"not \[6, 8, 3\] float64"),
        (IMAGE, "photo.png", "not a str"),
        (ARRAY, np.zeros((3, 2)), r"takes \[2, 3\] for each sample, not \[3, 2\]"),
        (ARRAY, np.full((2, 3), np.nan), "NaN or infinity"),
        (ARRAY, np.array([["a", "b", "c"]] * 2), "takes numbers, not <U1"),
        (AUDIO, np.zeros(100), "a waveform and its rate"),
        (AUDIO, (np.zeros(0), 8000), r"holds no sound: samples \[0, 1\] at 8000 Hz"),
        (AUDIO, (np.full(9, np.inf), 8000), "NaN or infinity"),
        (AUDIO, (np.zeros(9), 2**31 - 1), "a rate of 2147483647 Hz, above 1000000"),
        (AUDIO, (np.zeros(9), float("inf")), "a waveform and its rate"),
        (AUDIO, (np.zeros(10**5), 1), "100000 s long by its rate of 1 Hz, too long to resample"),
    ],
)
def test_a_value_that_does_not_fit_is_named_with_its_sample(section, value, message):
    with pytest.raises(DataError, match=rf'^sample "first": input {section.name} .*{message}'):
        fit(sample(**{section.name: value}), {section.name: section})


def test_a_missing_input_is_named():
    with pytest.raises(DataError, match='"first" has no value for the input extra, only image'):
        fit(sample(image=np.zeros((6, 8, 3), np.uint8)), {"extra": ARRAY})


def test_integers_are_not_rounded():
    section = ArraySection(kind="array", shape=(1, 3), dtype="int32")
    prepared, _ = section.prepare([1.0, 2.0, 3.0])
    assert prepared.dtype == np.int32
    with pytest.raises(ValueError, match="int32 cannot hold"):
        section.prepare([1.5, 2, 3])


def test_picture_of_many_channels_is_resized_channel_by_channel(tmp_path):
    section = CHANNELS
    levels = np.uint8([10, 20, 30, 40, 50])
    np.save(tmp_path / "cube.npy", np.broadcast_to(levels, (8, 12, 5)))
    prepared, _ = section.prepare(section.read(tmp_path / "cube.npy"))
    np.testing.assert_array_equal(prepared, np.broadcast_to(levels, (4, 6, 5)))
    assert section.tensor(prepared).shape == (5, 4, 6)


@pytest.mark.parametrize("dtype", ["int16", "uint8", "float32"])
def test_sound_is_read_at_full_scale_and_resampled(tmp_path, dtype):
    time = np.arange(1600) / 16000
    wave = 0.5 * np.sin(2 * np.pi * 500 * time)
    coded = {"int16": wave * 2**15, "uint8": wave * 2**7 + 2**7, "float32": wave}[dtype]
    wavfile.write(tmp_path / "tone.wav", 16000, coded.astype(dtype))
    section = AudioSection(kind="audio", name="sound", shape=(1, 1000), rate=8000, pad="both")
    prepared, _ = section.prepare(section.read(tmp_path / "tone.wav"))
    assert prepared.shape == (1000,)
    # 800 samples at the model's rate lie in the middle of 1,000.
    assert not prepared[:100].any()
    assert not prepared[900:].any()
    middle = 0.5 * np.sin(2 * np.pi * 500 * np.arange(800) / 8000)
    # Away from the ends, where the filter has nothing to look at; 8 bits are coarse.
    np.testing.assert_allclose(prepared[150:850], middle[50:750], atol=0.01)


def test_sound_that_is_too_long_is_cut_and_mixed():
    stereo = np.stack([np.arange(300.0), np.arange(300.0) + 2], 1)
    section = AudioSection(kind="audio", name="sound", shape=(1, 1, 100), rate=8000, cut="centre")
    prepared, _ = section.prepare((stereo, 8000))
    np.testing.assert_array_equal(prepared, [np.arange(101.0, 201.0)])


@pytest.mark.parametrize("content", [b"", b"RIFF\0\0\0\0WAVE", b"no sound at all"])
def test_a_damaged_sound_is_refused(tmp_path, content):
    (tmp_path / "x.wav").write_bytes(content)
    with pytest.raises(DataError, match=r"x\.wav: "):
        AUDIO.read(tmp_path / "x.wav")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"shape": (2, 3)}, "takes 2 photos at a time"),
        ({"shape": (1, 0)}, "has a size below 1"),
        ({"mean": (1.0, 2.0)}, "one number, or one for each place of axis 1"),
        ({"std": (0.0,)}, "must be above 0"),
        ({"dtype": "int32", "mean": (1.0,)}, 'mean is for float32, but dtype = "int32"'),
    ],
)
def test_keys_of_an_array_fit_together(changes, message):
    with pytest.raises(ValidationError, match=message):
        ArraySection(**{"kind": "array", "shape": (1, 3), **changes})


SPEC = """
[model]
name = "x"
factory = "net.py:build"
{inputs}
[task]
kind = "classification"
labels = ["a", "b"]
[data]
calibration = {{ kind = "folder", path = "a" }}
validation = {{ kind = "folder", path = "b" }}
test = {{ kind = "folder", path = "c" }}
"""
PHOTO = "shape = [1, 3, 8, 8]\nmean = [0, 0, 0]\nstd = [1, 1, 1]\n"


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ("", r"give either \[input\] or one table \[inputs.NAME\]"),
        (f"[input]\n{PHOTO}[inputs.other]\n{PHOTO}", r"give either \[input\] or one table"),
        (
            f'[inputs.image]\n{PHOTO}dtype = "uint8"\n[inputs.b]\n{PHOTO}',
            r'inputs.image.dtype = "uint8" is for a model with one input',
        ),
        ("[inputs.image]\nshape = [1, 3, 8]\n", r"inputs.image.shape = \[1, 3, 8\]"),
        ('[input]\nkind = "sound"\n', 'input.kind = "sound": must be one of .*audio'),
        ('[input]\nkind = "audio"\nrte = 1\nshape = [1, 9]\nrate = 8', 'did you mean "rate"'),
    ],
)
def test_a_spec_names_its_inputs_in_one_way(tmp_path, inputs, message):
    (tmp_path / "model.toml").write_text(SPEC.format(inputs=inputs))
    with pytest.raises(SpecError, match=message):
        load_spec(tmp_path)


def test_the_signature_keeps_the_order_and_the_names(tmp_path):
    array = '[inputs.image]\nkind = "array"\nshape = [1, 4]\n'
    (tmp_path / "model.toml").write_text(SPEC.format(inputs=f"[inputs.z]\n{PHOTO}{array}"))
    spec = load_spec(tmp_path)
    assert [(name, each.name) for name, each in spec.signature.items()] == [
        ("z", "z"),
        ("image", "image"),
    ]
    assert spec.image.name == "z"


@pytest.mark.parametrize(
    ("rate", "count", "message"),
    [
        pytest.param(8000, 0, "holds no samples; leave it out", id="no samples"),
        pytest.param(2**31 - 1, 9, "a rate of 2147483647 Hz, which is not from 1", id="rate"),
        pytest.param(0, 9, "a rate of 0 Hz", id="no rate"),
    ],
)
def test_a_sound_that_is_none_is_named_by_its_file(tmp_path, rate, count, message):
    path = tmp_path / "odd.wav"
    wavfile.write(path, 8000, np.zeros(count, np.int16))
    content = bytearray(path.read_bytes())
    content[24:32] = np.array([rate, 2 * rate], "<u4").tobytes()
    path.write_bytes(content)
    with pytest.raises(DataError, match=rf"odd\.wav: .*{message}"):
        AUDIO.read(path)


@pytest.mark.parametrize("content", [b"PK", b"\x93NUMPY\x01\x00\x02\x00{\n"], ids=["zip", "header"])
@pytest.mark.parametrize("section", [ARRAY, CHANNELS], ids=["array", "picture"])
def test_a_damaged_array_is_named(tmp_path, section, content):
    path = tmp_path / "odd.npy"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"odd\.npy: cannot be read as"):
        section.read(path)


def test_several_arrays_are_no_picture(tmp_path):
    np.savez(tmp_path / "two.npz", a=np.zeros(3), b=np.zeros(3))
    (tmp_path / "two.npz").rename(tmp_path / "two.npy")
    with pytest.raises(DataError, match=r"two\.npy: not a picture"):
        CHANNELS.read(tmp_path / "two.npy")


def test_whole_numbers_of_a_sound_are_at_full_scale_wherever_they_come_from():
    kept = sample(sound=(np.array([-32768, 16384], np.int16), 8000))
    found = tensors([kept], {"sound": AUDIO})["sound"]
    assert found[0, :3].tolist() == [-1.0, 0.5, 0.0]


def test_a_sound_that_is_cut_off_is_refused(tmp_path):
    path = tmp_path / "a.wav"
    wavfile.write(path, 8000, np.arange(1000, dtype=np.int16))
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(DataError, match=r"a.wav: not a WAV file .*Reached EOF prematurely"):
        AUDIO.read(path)
