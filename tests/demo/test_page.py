"""The page in headless Chromium, served by the installed command: what a user does, and sees."""

import json
import os
import re
import socket
from urllib.parse import urlsplit

import cv2
import numpy as np
import pytest
import tiny_classifier
from demo_page import BUNDLE, NO_NETWORK, PHOTO, PHOTOS, ROOT, browse, demo, screenshot
from processes import run_decant

from decant.artifacts import sha256
from decant.contract.images import load_image, normalise, resize
from decant.contract.predictor import Predictor
from decant.contract.sidecar import read_sidecar
from decant.metrics import quad_overlaps
from decant.runtime import LiteRtModel

# Measured on 20 photos as users have them (JPEG) and as PNG: int8 the same but for 1.2e-7 in the
# score; float16 IoU ≥ 0.999997 and scores within 5e-7. Other processors round otherwise.
LEAST_OVERLAP = 0.999
SCORE_TOLERANCE = 1e-3
CORNER_TOLERANCE = 0.05
"""Pixels of the photo."""
# A graphics processor in software, hundreds of times slower than a real one.
SWIFTSHADER = [
    "--enable-unsafe-webgpu",
    "--use-webgpu-adapter=swiftshader",
    "--enable-features=Vulkan",
    "--use-vulkan=swiftshader",
]


def quads_of(predictions):
    return np.asarray(predictions, np.float64).reshape(-1, 4, 2)


def check_agreement(python, page, threshold):
    """Hold a photo's quads, corner by corner, and scores against Python's.

    Gives the overlap and the difference of scores for each of Python's.
    """
    sure = [each for each in python if each.score > threshold + SCORE_TOLERANCE]
    near = len(python) - len(sure)
    assert len(sure) <= len(page) <= len(python) + near
    if not sure:
        return []
    ours, theirs = quads_of([e.quad for e in sure]), quads_of([e["quad"] for e in page])
    overlaps = quad_overlaps(theirs, ours, np.zeros(len(ours), bool))
    partners = overlaps.argmax(0)
    assert len(set(partners.tolist())) == len(sure)
    assert overlaps.max(0).min() >= LEAST_OVERLAP
    assert np.abs(theirs[partners] - ours).max() <= CORNER_TOLERANCE
    apart = []
    for expected, partner in zip(sure, partners, strict=True):
        assert expected.label == page[partner]["label"]
        apart.append(abs(expected.score - page[partner]["score"]))
    assert max(apart) <= SCORE_TOLERANCE
    return list(zip(overlaps.max(0).tolist(), apart, strict=True))


def described(pairs, threshold, *, same_number):
    """Write in a line how boxes agree."""
    number = "the same number on each" if same_number else "not the same number on each"
    return (
        f"{len(PHOTOS)} photos, each as JPEG and as PNG, {len(pairs)} boxes at score ≥ "
        f"{threshold:g}, {number}; "
        f"least quad IoU {min(iou for iou, _ in pairs):.6f}; "
        f"largest score difference {max(apart for _, apart in pairs):.1e}"
    )


def test_other_corners_and_scores_are_seen():
    """The agreement test fails on what agrees in all but one thing."""
    python = Predictor(BUNDLE / "model.json").predict(load_image(PHOTO))

    def page(change):
        found = [{"label": e.label, "score": e.score, "quad": list(e.quad)} for e in python]
        change(found[0])
        return found

    check_agreement(python, page(lambda each: None), 0.0)
    for change in (
        lambda each: each.update(quad=[*each["quad"][1:], each["quad"][0]]),
        lambda each: each.update(quad=each["quad"][::-1]),
        lambda each: each.update(quad=[(x + 0.5, y) for x, y in each["quad"]]),
        lambda each: each.update(score=each["score"] - 0.01),
        lambda each: each.update(label="other"),
    ):
        with pytest.raises(AssertionError):
            check_agreement(python, page(change), 0.0)


def test_boxes_equal_those_of_python(address, tmp_path, record_property):
    """JPEGs as a user drops them, and their pixels as PNG, so that a decoder's fault shows."""
    plain = [tmp_path / f"{photo.stem}.png" for photo in PHOTOS]
    for photo, png in zip(PHOTOS, plain, strict=True):
        cv2.imwrite(str(png), load_image(photo)[:, :, ::-1])
    result = browse("answer", address, photos=[*PHOTOS, *plain])
    assert result["isolated"]
    assert len(PHOTOS) == 20
    for index, accelerator in enumerate(("cpu", "gpu")):
        predictor = Predictor(BUNDLE / "model.json", accelerator)
        threshold = predictor.sidecar.decode.score_threshold
        answers = [predictor.predict(load_image(photo)) for photo in PHOTOS]
        assert sum(map(len, answers)) > 100
        pairs, same = [], True
        for python, answer in zip([*answers, *answers], result["found"], strict=True):
            assert answer[index]["file"] == predictor.sidecar.variant(accelerator).file
            assert answer[index]["mismatch"] is None
            pairs += check_agreement(python, answer[index]["predictions"], threshold)
            same &= len(python) == len(answer[index]["predictions"])
            times = answer[index]["times"]
            assert 0 < times["inference"] < answer[index]["shown"]
        line = described(pairs, threshold, same_number=same)
        name = predictor.sidecar.variant(accelerator).name
        record_property("figures", f"{name} file: {line}")


def test_the_camera_is_answered(address, tmp_path):
    """Chromium's own test picture moves; the model need not find anything on it."""
    result = browse("camera", address, screenshot=screenshot(tmp_path, "camera"))
    for said in (result["alone"], result["frames"]):
        assert re.fullmatch(r"\d+\.\d pictures a second, \d+ skipped", said)
    assert result["hidden"]
    assert result["editing"]
    assert result["stopped"]
    for answer in result["live"]:
        assert answer["shown"] > answer["times"]["inference"] > 0


def test_the_local_network_has_photos_but_no_camera():
    """A name that is not localhost's, over http: no threads, no Web Crypto, no camera."""
    with demo(BUNDLE, "--lan") as served:
        host = f"{socket.gethostname().lower()}.local"
        name = f"http://{host}:{urlsplit(served).port}/"
        flags = [f"--host-resolver-rules=MAP {host} 127.0.0.1, MAP * ~NOTFOUND"]
        # Browsers isolate no page that they do not trust.
        expected = "Cross-Origin-Opener-Policy header has been ignored"
        result = browse("insecure", name, photo=PHOTO, flags=flags, expected=expected)
    assert not result["isolated"]
    assert "1 thread; threads need localhost or https" in result["runtime"]
    assert result["said"] == "Browsers give the camera only to pages on localhost or https."
    python = Predictor(BUNDLE / "model.json").predict(load_image(PHOTO))
    check_agreement(python, result["found"][0]["predictions"], 0.05)


def test_a_gpu_that_is_not_there_is_refused(address):
    wanted = "WebGPU finds no graphics processor"
    result = browse("gpu", address, photo=PHOTO, wanted=wanted)
    assert result["value"] == "wasm"


def test_a_gpu_that_reproduces_the_golden_example_answers(address):
    flags = [*NO_NETWORK, *SWIFTSHADER]
    result = browse("gpuAnswer", address, photo=PHOTO, flags=flags)
    answer = result["found"][1]
    assert (answer["backend"], answer["mismatch"]) == ("webgpu", None)
    predictor = Predictor(BUNDLE / "model.json", "gpu")
    python = predictor.predict(load_image(PHOTO))
    threshold = predictor.sidecar.decode.score_threshold
    check_agreement(python, answer["predictions"], threshold)


def allow_nothing(bundle):
    """Let the outputs of the float file differ by nothing from the golden ones."""
    sidecar = json.loads((bundle / "model.json").read_text())
    variant = next(each for each in sidecar["variants"] if each["accelerator"] == "gpu")
    variant["tolerance"] = dict.fromkeys(variant["tolerance"], 0.0)
    (bundle / "model.json").write_text(json.dumps(sidecar))


def test_a_gpu_that_does_not_is_refused(copy):
    allow_nothing(copy)
    with demo(copy) as served:
        wanted = "Refused. Golden example not reproduced: scores_s8 is"
        flags = [*NO_NETWORK, *SWIFTSHADER]
        result = browse("gpu", served, photo=PHOTO, wanted=wanted, flags=flags)
    assert result["value"] == "wasm"


def test_a_file_that_is_no_picture(address, tmp_path):
    file = tmp_path / "notes.jpg"
    file.write_text("no picture")
    result = browse("failure", address, photo=file)
    assert result["said"] == "notes.jpg is not a picture that this browser can open."


def test_a_browser_without_simd(address):
    script = "WebAssembly.validate = () => false;"
    result = browse("failure", address, script=script)
    assert "has no WebAssembly SIMD" in result["said"]


@pytest.mark.parametrize(
    ("file", "change", "said"),
    [
        (
            "model.json",
            lambda old: old.replace(b'"schema_version": 4', b'"schema_version": 5'),
            "schema_version: is 5, this page reads 4",
        ),
        ("model.json", lambda old: old[:99], "model.json does not fit this page"),
        ("model.tflite", lambda old: old[:-1] + b"!", "model.tflite is not the file that model"),
        ("model.tflite", None, "model.tflite is missing on the server"),
    ],
    ids=["another schema", "cut short", "another file", "no file"],
)
def test_a_bundle_that_changes_while_it_is_served(copy, file, change, said):
    with demo(copy) as served:
        path = copy / file
        if change is None:
            path.unlink()
        else:
            path.write_bytes(change(path.read_bytes()))
        assert said in browse("failure", served, expected="404")["said"]


def test_an_output_beyond_the_tolerance_is_said(copy):
    allow_nothing(copy)
    with demo(copy) as served:
        result = browse("answer", served, photos=[PHOTO])
    mismatch = result["found"][0][1]["mismatch"]
    assert mismatch["apart"] > mismatch["allowed"] == 0


def test_golden_objects_that_are_elsewhere_are_said(copy):
    """Outputs within tolerance can still mean something else."""
    with demo(copy) as served:
        # The command would refuse it.
        sidecar = json.loads((copy / "model.json").read_text())
        for variant in sidecar["variants"]:
            variant["tolerance"] = dict.fromkeys(variant["tolerance"], 1e3)
            files = sidecar["golden"][0]["outputs"][variant["accelerator"]]
            for stride in sidecar["decode"]["strides"]:
                file = files[f"corners_s{stride}"]
                moved = np.fromfile(copy / file["file"], file["dtype"]) + np.float32(3)
                moved.tofile(copy / file["file"])
                file["sha256"] = sha256(copy / file["file"])
        (copy / "model.json").write_text(json.dumps(sidecar))
        result = browse("answer", served, photos=[PHOTO])
    for answer in result["found"][0]:
        assert answer["mismatch"]["count"] > 0


def test_a_classifier_names_the_photo(tmp_path):
    folder = tmp_path / "colours"
    sidecar = tiny_classifier.write_bundle(folder)
    photos, expected = [], []
    predictor = Predictor(sidecar)
    for index, colour in enumerate(((200, 40, 30), (20, 180, 60), (10, 30, 220))):
        photo = np.random.default_rng(index).integers(0, 30, (70, 90, 3)) + np.array(colour)
        path = tmp_path / f"{index}.png"
        cv2.imwrite(str(path), photo.clip(0, 255).astype(np.uint8)[:, :, ::-1])
        photos.append(path)
        expected += predictor.predict(load_image(path))
    with demo(folder) as served:
        result = browse("answer", served, photos=photos)
    found = [answer[0]["predictions"][0] for answer in result["found"]]
    assert [each["label"] for each in found] == list(tiny_classifier.LABELS)
    assert [each.label for each in expected] == list(tiny_classifier.LABELS)
    scores = [each.score for each in expected]
    np.testing.assert_allclose([each["score"] for each in found], scores, atol=1e-5)
    for path, answers in zip(photos, result["found"], strict=True):
        expected = ranked(sidecar, path)
        ranking = answers[0]["ranking"]
        assert [each["label"] for each in ranking] == [label for label, _ in expected]
        np.testing.assert_allclose(
            [each["score"] for each in ranking], [score for _, score in expected], atol=1e-5
        )
        assert answers[0]["written"] == [f"{x['label']} {x['score']:.3f}" for x in ranking]


def ranked(path, photo):
    """Score every label of a classifier in Python, best first."""
    sidecar = read_sidecar(path)
    pixels, _ = resize(load_image(photo), sidecar.image.rule)
    model = LiteRtModel(path.parent / "model.tflite", sidecar.inputs, sidecar.outputs)
    outputs = model.run({"image": normalise(pixels, sidecar.image.rule)[np.newaxis]})
    scores = outputs["scores"].reshape(-1).tolist()
    return sorted(zip(sidecar.labels, scores, strict=True), key=lambda each: -each[1])


def test_the_port_is_taken(address):
    port = urlsplit(address).port
    ended = run_decant(ROOT, "demo", BUNDLE, "--port", port)
    assert ended.returncode == 2
    assert f"port {port} is taken by another program" in ended.stderr


def test_there_is_no_bundle(tmp_path):
    ended = run_decant(tmp_path, "demo", "detector")
    assert ended.returncode == 5
    assert "make the bundle first: decant tflite detector" in ended.stderr


WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
LOOKS = {
    "wide": {"viewport": WIDE, "locale": "en-GB"},
    "dark": {"viewport": WIDE, "colorScheme": "dark"},
    "phone": {"viewport": NARROW, "deviceScaleFactor": 2, "hasTouch": True},
    "night": {"viewport": NARROW, "deviceScaleFactor": 2, "colorScheme": "dark"},
    "korean": {"viewport": NARROW, "locale": "ko-KR"},
}


@pytest.mark.parametrize("name", LOOKS)
def test_the_page_fits_its_window(address, tmp_path, name):
    """Leaves screenshots in DECANT_SCREENSHOTS, for people to look at, with all times on them."""
    folder = os.environ.get("DECANT_SCREENSHOTS", tmp_path)
    state = "answered" if folder == tmp_path else "measured"
    look = {"name": name, "settings": LOOKS[name], "folder": folder, "state": state}
    result = browse("look", address, photo=PHOTO, **look)
    assert len(result["overflow"]) == 5
    assert set(result["overflow"].values()) == {0}
    # Of a touch target, in pixels of the page.
    assert result["small"] == []
    assert result["language"] == ("ko" if name == "korean" else "en")
