"""The detector's bundle for `make android-test`; makes one where `make tflite` made none.

Its .tflite files are the detector's own, byte for byte: same network, checkpoint and calibration,
made by `decant tflite` the whole way. Only what judges them is smaller, which takes most of the
time: 16 validation pages in place of 240, and 40 test photos in place of 1,000. Which file it
chooses, and its report, therefore say nothing of the detector, and it lies where `decant gate
detector` does not look.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
DETECTOR = ROOT / "zoo" / "detector"
OUT = ROOT / "build" / "android" / "detector"
WHOLE = ROOT / "build" / "detector"
IS_WHOLE = (WHOLE / "model.json").is_file()
BUNDLE = WHOLE if IS_WHOLE else OUT
VALIDATION_PAGES = 16
# 25 photos lie between two of them, so that every kind of page is among them.
EVERY = 25


def write_spec(folder):
    """Write the detector's spec with fewer pictures to judge by; returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    text = (DETECTOR / "model.toml").read_text(encoding="utf-8")
    text = changed(text, r'checkpoint = "(.*)"', f'checkpoint = "{DETECTOR.as_posix()}/\\1"')
    text = changed(text, r'(split = "validation", count =) \d+', f"\\1 {VALIDATION_PAGES}")
    images = f"{DETECTOR.as_posix()}/testset/images"
    test = f'{{ kind = "coco", annotations = "test.json", images = "{images}" }}'
    text = changed(text, r"(test =) \{.*\}", f"\\1 {test}")
    # Nobody trains by it, and there is no baseline for it.
    for section in ("gate", "training"):
        text = changed(text, rf"\[{section}\]\n(?:.+\n)+", "")
    (folder / "test.json").write_text(json.dumps(fewer_photos()), encoding="utf-8")
    (folder / "model.toml").write_text(text, encoding="utf-8")
    return folder / "model.toml"


def changed(text, pattern, replacement):
    text, count = re.subn(pattern, replacement, text)
    assert count == 1, f"{DETECTOR}/model.toml: {count} places fit {pattern}; change {__file__}"
    return text


def fewer_photos():
    """Take every 25th photo of the test set, with its objects."""
    document = json.loads((DETECTOR / "testset/annotations.json").read_text(encoding="utf-8"))
    images = document["images"][::EVERY]
    ids = {image["id"] for image in images}
    objects = [each for each in document["annotations"] if each["image_id"] in ids]
    return {**document, "images": images, "annotations": objects}


def main():
    """Make the bundle, or find it made; an unmet requirement (1) is no fault."""
    spec = write_spec(OUT / "spec")
    decant = Path(sys.executable).with_name("decant")
    ended = subprocess.run([decant, "tflite", spec, "--out", OUT])
    return 0 if ended.returncode == 1 else ended.returncode


if __name__ == "__main__":
    sys.exit(main())
