"""Bundles of examples in headless Chromium: the page shows what `Predictor` finds."""

import json
import zipfile

import cv2
import numpy as np
import pytest
from demo_page import browse, demo, screenshot
from example_bundle import EXAMPLES, write_bundle
from processes import run_decant

from decant.artifacts import sha256
from decant.bundle import open_bundle
from decant.contract.decode import CtcRule
from decant.contract.decode.segmentation import label_mask
from decant.contract.images import load_image
from decant.contract.predictor import Predictor
from decant.factory import resolve
from decant.runtime import LiteRtModel

DATA = {"detection": "shapes", "segmentation": "scenes"}
# Neither has the input's shape: one is wider, the other taller.
SIZES = ((230, 131), (96, 160))
# LiteRT.js adds up in another order than LiteRT here: measured 1e-6 of scores and 1e-4 pixels.
SCORE_TOLERANCE = 1e-4
CORNER_TOLERANCE = 0.05
"""Pixels of the photo."""
OTHER_PIXELS = 0.001
"""The share of pixels that may be of another label, for values that all but equal each other."""


@pytest.fixture(scope="module")
def bundles(tmp_path_factory):
    """The sidecars by example, and two photos of each."""
    made = {}
    for kind, factory in DATA.items():
        folder = tmp_path_factory.mktemp(kind)
        samples = resolve(f"data.py:{factory}", EXAMPLES / kind)("test", 1, len(SIZES))
        photos = [folder / f"{index}.png" for index in range(len(SIZES))]
        for sample, path, size in zip(samples, photos, SIZES, strict=True):
            photo = cv2.resize(sample.image, size, interpolation=cv2.INTER_CUBIC)
            cv2.imwrite(str(path), photo[:, :, ::-1])
        made[kind] = write_bundle(kind, folder), photos
    return made


def answered(bundle, tmp_path, name):
    """Give Python's predictor, and what the page answers to the photos of a bundle."""
    sidecar, photos = bundle
    with demo(sidecar.parent) as served:
        result = browse("answer", served, photos=photos, screenshot=screenshot(tmp_path, name))
    answers = [found[0] for found in result["found"]]
    assert all(answer["mismatch"] is None for answer in answers)
    cannot = "cannot be corrected on this page" in result["kept"]
    assert [cannot] * len(answers) == [not answer["correctable"] for answer in answers]
    return Predictor(sidecar), answers, result["said"]


def test_the_page_finds_the_boxes_of_python(bundles, tmp_path):
    predictor, answers, _ = answered(bundles["detection"], tmp_path, "detection")
    least = predictor.sidecar.decode.display_threshold
    for photo, answer in zip(bundles["detection"][1], answers, strict=True):
        expected, found = predictor.predict(photo), answer["predictions"]
        assert [each.label for each in expected] == [each["label"] for each in found]
        scores, quads = [e.score for e in expected], [e.quad for e in expected]
        np.testing.assert_allclose([each["score"] for each in found], scores, atol=SCORE_TOLERANCE)
        np.testing.assert_allclose([each["quad"] for each in found], quads, atol=CORNER_TOLERANCE)
        shown = [f"{e.label} {round(100 * e.score)} %" for e in expected if e.score >= least]
        assert answer["tags"] == shown
        assert (answer["correctable"], answer["fixed"]) == (True, "")
    assert sum(len(answer["tags"]) for answer in answers) > 0


def mask_of(predictor, photo):
    """Label a photo's pixels in Python."""
    sidecar = predictor.sidecar
    tensor, placement = predictor.tensor(load_image(photo))
    file = predictor.folder / sidecar.variant("cpu").file
    model = LiteRtModel(file, sidecar.inputs, sidecar.outputs)
    (maps,) = model.run({sidecar.image.name: tensor}).values()
    return label_mask(maps[0], sidecar.decode, placement)


def test_the_page_draws_the_mask_of_python(bundles, tmp_path):
    predictor, answers, said = answered(bundles["segmentation"], tmp_path, "segmentation")
    for photo, answer in zip(bundles["segmentation"][1], answers, strict=True):
        expected, mask = predictor.predict(photo), mask_of(predictor, photo)
        found = np.array(answer["mask"]["labels"])
        assert (answer["mask"]["height"], answer["mask"]["width"]) == mask.shape
        assert (found.reshape(mask.shape) != mask).mean() <= OTHER_PIXELS
        assert [each.label for each in expected] == [e["label"] for e in answer["predictions"]]
        shares = [each["score"] for each in answer["predictions"]]
        np.testing.assert_allclose(shares, [e.score for e in expected], atol=OTHER_PIXELS)
        legend = [f"{e['label']} {100 * e['score']:.1f} %" for e in answer["predictions"]]
        assert [line.strip() for line in answer["written"]] == legend
        assert answer["headline"] == f"{len(legend)} labels on the photo"
        assert not answer["correctable"]
        assert answer["fixed"] == "Masks cannot be corrected on this page."
    assert "agree on 100.00 % of the pixels" in said


def with_rule(bundle, folder, rule):
    """Copy a bundle, and let its outputs mean something else."""
    open_bundle(bundle).copy_to(folder)
    document = json.loads((folder / "model.json").read_text())
    document |= {"decode": None if rule is None else rule.model_dump(mode="json"), "labels": []}
    document["golden"][0]["predictions"] = []
    (folder / "model.json").write_text(json.dumps(document))
    return document


def test_the_page_reads_the_text_of_python(bundles, tmp_path):
    """The detector's [1, 7, 96], read as 95 characters and the blank at each of seven places."""
    sidecar, photos = bundles["detection"]
    rule = CtcRule(alphabet="".join(map(chr, range(0xAC00, 0xAC00 + 95))), blank=-1)
    with_rule(sidecar, tmp_path / "text", rule)
    bundle = tmp_path / "text" / "model.json", photos
    predictor, answers, said = answered(bundle, tmp_path, "text")
    for photo, answer in zip(photos, answers, strict=True):
        (expected,) = predictor.predict(photo)
        assert len(expected.label) > 2
        assert answer["headline"] == answer["predictions"][0]["label"] == expected.label
        score = f"Mean of the best probability at each place: {expected.score:.3f}"
        assert answer["written"] == [score]
        assert not answer["correctable"]
        assert answer["fixed"] == "Texts cannot be corrected on this page."
    assert "read the same text" in said


def test_the_slider_begins_at_the_threshold_of_the_bundle(bundles, tmp_path):
    sidecar, photos = bundles["detection"]
    rule = Predictor(sidecar).sidecar.decode.model_copy(update={"display_threshold": 0.98765})
    open_bundle(sidecar).copy_to(tmp_path / "sure")
    document = json.loads((tmp_path / "sure/model.json").read_text())
    document["decode"] = rule.model_dump(mode="json")
    (tmp_path / "sure/model.json").write_text(json.dumps(document))
    with demo(tmp_path / "sure") as served:
        result = browse("answer", served, photos=photos)
    assert result["least"] == "0.98765"
    answers = [found[0] for found in result["found"]]
    scores = [each["score"] for answer in answers for each in answer["predictions"]]
    sure = sum(score >= 0.98765 for score in scores)
    assert sum(len(answer["tags"]) for answer in answers) == sure < len(scores)


def test_golden_masks_that_are_elsewhere_are_said(bundles, tmp_path):
    """Maps that are turned upside down give each label the same share of the photo."""
    sidecar, photos = bundles["segmentation"]
    open_bundle(sidecar).copy_to(tmp_path / "turned")
    path = tmp_path / "turned/model.json"
    document = json.loads(path.read_text())
    with demo(path.parent) as served:
        # The command would refuse it.
        for variant in document["variants"]:
            variant["tolerance"] = dict.fromkeys(variant["tolerance"], 1e3)
            (output,) = document["golden"][0]["outputs"][variant["accelerator"]].values()
            file = path.parent / output["file"]
            maps = np.fromfile(file, np.float32).reshape(output["shape"])
            np.flip(maps, (1, 2)).tofile(file)
            output["sha256"] = sha256(file)
        path.write_text(json.dumps(document))
        answer = browse("answer", served, photos=photos[:1])["found"][0][0]
    assert 0 < float(answer["mismatch"]["share"].removesuffix(" %")) < 95


def test_without_a_decoder_golden_outputs_count(bundles, tmp_path):
    sidecar, photos = bundles["detection"]
    folder = tmp_path / "other"
    document = with_rule(sidecar, folder, None)
    with demo(folder) as served:
        right = browse("answer", served, photos=photos[:1])["found"][0][0]
        # The command would refuse it.
        (output,) = document["golden"][0]["outputs"]["cpu"].values()
        (np.fromfile(folder / output["file"], np.float32) + 100).tofile(folder / output["file"])
        output["sha256"] = sha256(folder / output["file"])
        (folder / "model.json").write_text(json.dumps(document))
        wrong = browse("answer", served, photos=photos[:1])["found"][0][0]
    for answer in (right, wrong):
        assert answer["headline"].startswith("No decoder here: the bundle does not say")
        assert answer["predictions"] == []
        assert not answer["correctable"]
    assert right["mismatch"] is None
    assert wrong["mismatch"]["apart"] > 90


def test_a_box_that_is_corrected_stays_upright(bundles, tmp_path):
    sidecar, photos = bundles["detection"]
    zip_file = tmp_path / "feedback.zip"
    picture = screenshot(tmp_path, "stretch")
    with demo(sidecar.parent) as served:
        result = browse("stretch", served, photo=photos[0], zip=zip_file, screenshot=picture)
    with zipfile.ZipFile(zip_file) as archive:
        (name,) = [each for each in archive.namelist() if each.startswith("records/")]
        record = json.loads(archive.read(name))
    (change,) = record["corrections"]
    before = result["answer"]["predictions"][0]["quad"]
    (left, top), (right, above), corner, (also_left, bottom) = change["quad"]
    assert [left, top] == pytest.approx(before[0], abs=0.06)
    assert (also_left, above, corner) == (left, top, [right, bottom])
    assert right > before[2][0]
    assert bottom < before[2][1]
    ended = run_decant(tmp_path, "feedback", "import", zip_file, "--model", sidecar, "-o", "out")
    assert ended.returncode == 0, ended.stderr
    assert "  move: 100.0% of 1 photos" in ended.stdout
