"""The page in headless Chromium, served by the installed command: what a user does, and sees."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import cv2
import numpy as np
import pytest
import tiny_classifier
from processes import run_decant, start_decant

from decant.bundle import open_bundle
from decant.images import load_image
from decant.metrics import quad_overlaps
from decant.predictor import Predictor

ROOT = Path(__file__).parents[2]
BUNDLE = ROOT / "build" / "detector"
PACKAGES = ROOT / "build" / "web" / "node_modules"
SCRIPT = Path(__file__).with_name("browser.mjs")
PHOTOS = sorted((ROOT / "zoo" / "detector" / "testset" / "images").iterdir())[::50]
PHOTO = PHOTOS[0]

# Measured on 20 photos as users have them (JPEG) and as PNG: int8 the same but for 1.2e-7 in the
# score; float16 IoU ≥ 0.999997 and scores within 5e-7. Other processors round otherwise.
LEAST_OVERLAP = 0.999
SCORE_TOLERANCE = 1e-3
CORNER_TOLERANCE = 0.05
"""Pixels of the photo."""
# What no browser may be asked for: nothing leaves the machine, whatever the network could answer.
NO_NETWORK = ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost"]
# A graphics processor in software, hundreds of times slower than a real one.
SWIFTSHADER = [
    "--enable-unsafe-webgpu",
    "--use-webgpu-adapter=swiftshader",
    "--enable-features=Vulkan",
    "--use-vulkan=swiftshader",
]


@contextmanager
def demo(bundle, *options):
    """Serve a bundle by the command; gives the address."""
    process = start_decant(ROOT, "demo", bundle, "--port", 0, *options)
    line = process.stdout.readline()
    try:
        assert "http://localhost:" in line, process.communicate(timeout=60)[1]
        yield line.split()[-1]
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGINT


@pytest.fixture(scope="module")
def address():
    assert BUNDLE.is_dir(), "make tflite MODEL=detector first"
    with demo(BUNDLE) as served:
        yield served


def screenshot(tmp_path, name):
    """Name a screenshot: in DECANT_SCREENSHOTS if people want to look at it."""
    return Path(os.environ.get("DECANT_SCREENSHOTS", tmp_path)) / f"{name}.png"


def chromium():
    found = shutil.which("chromium") or shutil.which("google-chrome")
    assert found, "Chromium is missing: sudo apt-get install --no-install-recommends chromium"
    return found


def browse(scenario, address, **options):
    """Run a scenario of browser.mjs; checks that no request went elsewhere, and no error showed."""
    given = {
        "address": address,
        "chromium": chromium(),
        "packages": str(PACKAGES),
        "flags": NO_NETWORK,
        **options,
    }
    ended = subprocess.run(
        ["node", SCRIPT, scenario, json.dumps(given, default=str)],
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    result = json.loads(ended.stdout)
    hosts = {urlsplit(each).netloc for each in result["requests"] if not each.startswith("blob:")}
    assert hosts == {urlsplit(address).netloc}
    # A file that the server refuses is an error to the browser, whatever the page makes of it.
    expected = options.get("expected", "no error is expected")
    assert [each for each in result["errors"] if expected not in each] == []
    return result


def quads_of(predictions):
    return np.asarray(predictions, np.float64).reshape(-1, 4, 2)


def check_agreement(python, page, threshold):
    """Hold a photo's quads, corner by corner, and scores against Python's."""
    sure = [each for each in python if each.score > threshold + SCORE_TOLERANCE]
    near = len(python) - len(sure)
    assert len(sure) <= len(page) <= len(python) + near
    if not sure:
        return
    ours, theirs = quads_of([e.quad for e in sure]), quads_of([e["quad"] for e in page])
    overlaps = quad_overlaps(theirs, ours, np.zeros(len(ours), bool))
    partners = overlaps.argmax(0)
    assert len(set(partners.tolist())) == len(sure)
    assert overlaps.max(0).min() >= LEAST_OVERLAP
    assert np.abs(theirs[partners] - ours).max() <= CORNER_TOLERANCE
    for expected, partner in zip(sure, partners, strict=True):
        assert expected.label == page[partner]["label"]
        assert abs(expected.score - page[partner]["score"]) <= SCORE_TOLERANCE


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


def test_boxes_equal_those_of_python(address, tmp_path):
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
        for python, answer in zip([*answers, *answers], result["found"], strict=True):
            assert answer[index]["file"] == predictor.sidecar.variant(accelerator).file
            assert answer[index]["mismatch"] is None
            check_agreement(python, answer[index]["predictions"], threshold)
            times = answer[index]["times"]
            assert 0 < times["inference"] < answer[index]["shown"]


def test_a_correction_is_imported(address, tmp_path):
    zip_file = tmp_path / "feedback.zip"
    remark = "세 번째 상자는 두 수식입니다; ask me at someone@example.org"
    shown = browse("correct", address, photo=PHOTO, zip=zip_file, remark=remark)
    assert shown["kept"] == 2
    ended = run_decant(
        tmp_path, "feedback", "import", zip_file, "--model", BUNDLE / "model.json", "-o", "out"
    )
    assert ended.returncode == 0, ended.stderr
    assert "corrected by the user: 50.0% of 2 photos" in ended.stdout
    assert "e-mail address" in ended.stderr
    for kind in ("delete", "move", "add", "remark"):
        assert f"  {kind}: 50.0% of 2 photos" in ended.stdout
    candidates = json.loads((tmp_path / "out" / "candidates.json").read_text())
    assert len(candidates["images"]) == 2
    for image in candidates["images"]:
        copy = load_image(tmp_path / "out" / "images" / Path(image["file_name"]).name)
        original = load_image(PHOTO)
        assert copy.shape == original.shape
        assert np.abs(copy.astype(int) - original).mean() < 3


def test_without_consent_nothing_is_kept(address):
    result = browse("disagree", address, photo=PHOTO)
    assert (result["rows"], result["open"]) == (0, True)


def test_an_answer_can_be_corrected_by_keyboard(address):
    result = browse("keyboard", address, photo=PHOTO)
    assert result["focused"] == "Corner 1 of box 1"
    assert result["changes"] == "3 changes"


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


@pytest.fixture
def copy(tmp_path):
    """A bundle of one's own to break while it is served."""
    open_bundle(BUNDLE / "model.json").copy_to(tmp_path / "detector")
    return tmp_path / "detector"


@pytest.mark.parametrize(
    ("file", "change", "said"),
    [
        (
            "model.json",
            lambda old: old.replace(b'"schema_version": 2', b'"schema_version": 3'),
            "schema_version: is 3, this page reads 2",
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
    """The outputs are right to the last digit, and mean something else."""
    sidecar = json.loads((copy / "model.json").read_text())
    shown = sidecar["decode"]["display_threshold"]
    for each in sidecar["golden"][0]["predictions"]:
        each["quad"] = [[x + 40, y] for x, y in each["quad"]]
    count = sum(each["score"] >= shown for each in sidecar["golden"][0]["predictions"])
    assert count > 0
    with demo(copy) as served:
        # The command would refuse it.
        (copy / "model.json").write_text(json.dumps(sidecar))
        result = browse("answer", served, photos=[PHOTO])
    for answer in result["found"][0]:
        assert answer["mismatch"]["count"] >= count


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


def test_another_label_is_imported(tmp_path):
    folder, zip_file = tmp_path / "colours", tmp_path / "feedback.zip"
    sidecar = tiny_classifier.write_bundle(folder)
    with demo(folder) as served:
        picture = screenshot(tmp_path, "label")
        result = browse(
            "relabel", served, photo=PHOTO, label="green", zip=zip_file, screenshot=picture
        )
    ended = run_decant(tmp_path, "feedback", "import", zip_file, "--model", sidecar, "-o", "out")
    assert ended.returncode == 0, ended.stderr
    assert result["changes"] == "1 change"
    candidates = json.loads((tmp_path / "out" / "candidates.json").read_text())
    names = {each["id"]: each["name"] for each in candidates["categories"]}
    assert [names[each["category_id"]] for each in candidates["annotations"]] == ["green"]


def test_the_port_is_taken(address):
    port = urlsplit(address).port
    ended = run_decant(ROOT, "demo", BUNDLE, "--port", port)
    assert ended.returncode == 2
    assert f"port {port} is taken by another program" in ended.stderr


def test_there_is_no_bundle(tmp_path):
    ended = run_decant(tmp_path, "demo", "detector")
    assert ended.returncode == 5
    assert "make the bundle first: decant tflite detector" in ended.stderr


WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 360, "height": 780}
LOOKS = {
    "wide": {"viewport": WIDE, "locale": "en-GB"},
    "dark": {"viewport": WIDE, "colorScheme": "dark"},
    "phone": {"viewport": NARROW, "deviceScaleFactor": 2, "hasTouch": True},
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
    assert result["language"] == ("ko" if name == "korean" else "en")
