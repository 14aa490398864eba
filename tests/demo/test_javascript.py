"""The page's own modules, run in Node: they compute what Python computes, and refuse the same."""

import base64
import io
import json
import random
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest
from detector_bundle import BUNDLE
from mutants import mutant
from node import array_of, base64_of, decode_case, found_in_node, in_node
from PIL import Image, ImageCms
from sidecars import DECODED, write_decoded, write_model

from decant.artifacts import sha256_text
from decant.contract.decode import RULES, ArgmaxRule, QuadGridRule
from decant.contract.images import Placement, resize, to_tensor
from decant.contract.predictor import predictions
from decant.contract.rules import ImageRule
from decant.contract.sidecar import parse_sidecar, read_sidecar
from decant.feedback import jpeg
from decant.metrics import quad_overlaps

ROOT = Path(__file__).parents[2]
# A float32 has 24 bits: the exponential may be off by one of them.
SCORE_TOLERANCE = 1.2e-7


def rule(rng, resize_kind, colour, shrink):
    channels = 1 if colour == "grey" else 3
    return ImageRule(
        height=int(rng.integers(1, 90)),
        width=int(rng.integers(1, 90)),
        colour=colour,
        mean=tuple(rng.uniform(0, 1, channels).tolist()),
        std=tuple(rng.uniform(0.1, 1, channels).tolist()),
        resize=resize_kind,
        padding=int(rng.integers(0, 256)),
        shrink=shrink,
    )


def photo_case(rng, made, layout, normalised_by="app", most=260):
    """Draw a photo of random size, and describe the input that takes it."""
    height, width = rng.integers(1, most, 2).tolist()
    photo = rng.integers(0, 256, (height, width, 3), np.uint8)
    opaque = np.full((height, width, 1), 255, np.uint8)
    sizes = (made.height, made.width)
    shape = [1, *sizes, made.channels] if layout == "nhwc" else [1, made.channels, *sizes]
    info = {
        "name": "image",
        "shape": shape,
        "dtype": "float32" if normalised_by == "app" else "uint8",
        "layout": layout,
        "scale": None,
        "zero_point": None,
    }
    image = {"name": "image", "rule": made.model_dump(), "normalised_by": normalised_by}
    case = {"action": "prepare", "width": width, "height": height, "image": image, "info": info}
    return photo, {**case, "rgba": base64_of(np.concatenate((photo, opaque), 2))}


def check_photo(photo, case, made, answer):
    """Hold what Node made against what Python makes."""
    pixels, placement = resize(photo, made)
    raw = case["image"]["normalised_by"] == "file"
    tensor = to_tensor(pixels, made, raw=raw)
    if case["info"]["layout"] == "nhwc":
        tensor = tensor.transpose(1, 2, 0)
    found = array_of(answer["pixels"], np.uint8, pixels.shape)
    np.testing.assert_array_equal(found, pixels)
    dtype = np.uint8 if raw else np.float32
    np.testing.assert_array_equal(array_of(answer["tensor"], dtype, tensor.shape), tensor)
    where = answer["placement"]
    assert (where["scaleX"], where["scaleY"]) == placement.scale
    assert (where["offsetX"], where["offsetY"]) == placement.offset


@pytest.mark.parametrize("shrink", ["area", "bilinear"])
@pytest.mark.parametrize("kind", ["letterbox", "stretch", "crop"])
def test_photos_become_the_same_bits(kind, shrink):
    rng = np.random.default_rng([len(kind), len(shrink)])
    cases = []
    for index in range(60):
        made = rule(rng, kind, ("rgb", "bgr", "grey")[index % 3], shrink)
        layout = ("nhwc", "keep", "nchw")[index % 3 if index < 30 else 0]
        cases.append((made, *photo_case(rng, made, layout, ("app", "file")[index % 2])))
    answers = in_node([case for _, _, case in cases])
    for (made, photo, case), answer in zip(cases, answers, strict=True):
        check_photo(photo, case, made, answer)


@pytest.mark.parametrize("size", [(3001, 4001), (12000, 1080)], ids=["camera", "screenshot"])
def test_a_large_photo_becomes_the_same_bits(size):
    """Sums of a photo of 12 megapixels exceed 32 bits."""
    rng = np.random.default_rng(1)
    made = rule(rng, "letterbox", "rgb", "area").model_copy(update={"height": 319, "width": 317})
    photo = np.full((*size, 3), 255, np.uint8)
    dark = photo[::3, 1::5]
    dark[:] = rng.integers(0, 256, dark.shape, np.uint8)
    _, case = photo_case(rng, made, "nhwc")
    opaque = np.full((*size, 1), 255, np.uint8)
    case |= {"width": size[1], "height": size[0], "rgba": base64_of(np.dstack((photo, opaque)))}
    check_photo(photo, case, made, in_node([case])[0])


def grids(rng, strides, labels, height, width):
    """Draw outputs in ONNX order, many of whose scores are equal, as an int8 file's are."""
    outputs = {}
    for stride in strides:
        cells = (height // stride, width // stride)
        scores = np.round(rng.normal(-2.5, 2, (1, labels, *cells)) * 4) / 4
        outputs[f"scores_s{stride}"] = scores.astype(np.float32)
        outputs[f"corners_s{stride}"] = rng.normal(0, 2, (1, 8, *cells)).astype(np.float32)
    return outputs


def test_outputs_become_the_same_quads():
    rng = np.random.default_rng(5)
    cases, expected = [], []
    for index in range(40):
        decode = QuadGridRule(
            strides=((12,), (8, 16), (16, 8, 32))[index % 3],
            score_threshold=float(rng.uniform(0.02, 0.6)),
            display_threshold=0.6,
            max_candidates=int(rng.integers(1, 300)),
            nms_iou=float(rng.uniform(0.2, 0.9)),
            max_detections=int(rng.integers(1, 120)),
        )
        labels = [f"label {i}" for i in range(1 + index % 4)]
        placement = Placement(
            tuple(rng.uniform(0.1, 2, 2).tolist()), tuple(rng.uniform(-9, 0, 2).tolist()), (1, 1)
        )
        outputs = grids(rng, decode.strides, len(labels), 96, 160)
        cases.append(decode_case(outputs, decode, labels, placement, ("nhwc", "keep")[index % 2]))
        expected.append(predictions(outputs, decode, tuple(labels), placement))
    assert sum(map(len, expected)) > 500
    for python, node in zip(expected, found_in_node(cases), strict=True):
        assert [each.label for each in python] == [each["label"] for each in node]
        quads = [each.quad for each in python]
        np.testing.assert_array_equal([each["quad"] for each in node], quads)
        scores = [each.score for each in python]
        np.testing.assert_allclose([each["score"] for each in node], scores, atol=SCORE_TOLERANCE)


def test_scores_become_the_same_label():
    rng = np.random.default_rng(6)
    labels = [f"label {i}" for i in range(9)]
    placement = Placement((1.0, 1.0), (0.0, 0.0), (1, 1))
    cases, expected = [], []
    for _ in range(20):
        outputs = {"scores": rng.integers(0, 6, (1, 9)).astype(np.float32)}
        cases.append(decode_case(outputs, ArgmaxRule(), labels, placement, "keep"))
        expected += predictions(outputs, ArgmaxRule(), tuple(labels), placement)
    found = [answer[0] for answer in found_in_node(cases)]
    python = [{"label": e.label, "score": e.score, "quad": []} for e in expected]
    assert found == python


def put(document, path, value):
    """Set, or with None remove, what stands at a path such as `image.rule.mean`."""
    *parents, last = (int(part) if part.isdigit() else part for part in path.split("."))
    for part in parents:
        document = document[part]
    if value is None:
        del document[last]
    else:
        document[last] = value


FAULTS = [
    ("schema_version", 1, "schema_version: is 1"),
    ("schema_version", 2, "schema_version: is 2"),
    ("unheard_of", 1, "unheard_of: is an unknown field"),
    ("model", None, "model: is missing"),
    ("inputs", "image", "inputs: must be a list"),
    ("inputs.0.shape", [1, "32", 64, 3], "inputs.0.shape.1: must be a whole number"),
    ("inputs.0.scale", 0.5, "inputs.0.scale: goes with zero_point"),
    ("inputs.0.name", "picture", 'image.name: "image" is not the only input'),
    ("variants", [], "variants: has 0 entries"),
    ("variants.0.accelerator", "gpu", "variants: has no file for cpu"),
    ("variants.0.accelerator", "tpu", 'variants.0.accelerator: must be "cpu" or "gpu" or "npu"'),
    ("variants.0.file", "../model.tflite", "variants.0.file: must be a file below"),
    ("variants.0.file", "/etc/passwd", "variants.0.file: must be a file below"),
    ("variants.0.sha256", "A" * 64, "variants.0.sha256: must be a SHA-256"),
    ("variants.0.size_bytes", 0, "variants.0.size_bytes: must be a whole number of at least 1"),
    ("variants.0.tolerance.scores_s8", None, "variants.0.tolerance: is not for"),
    ("variants.0.tolerance.scores_s8", -1, "variants.0.tolerance.scores_s8: must be a number"),
    ("image.rule.mean", [0.5], "image.rule.mean: has 1 values"),
    ("image.rule.std", [0.5, 0, 0.5], "image.rule.std: must be above 0"),
    ("image.rule.height", 31, "image.rule: does not fit"),
    ("image.rule.rotation", "any", 'image.rule.rotation: must be "upright"'),
    ("image.rule.antialias", True, "image.rule.antialias: is an unknown field"),
    ("image.normalised_by", "file", 'image.normalised_by: "file" needs a uint8 input'),
    ("decode.kind", 7, "decode.kind: "),
    ("decode.strides", [16], "decode.strides: has 16, but no output is called scores_s16"),
    ("labels", ["a", "b"], "decode.strides: has 8, but"),
    ("golden.0.outputs.cpu.scores_s8.shape", [1, 8, 4, 1], "golden.0.outputs.cpu.scores_s8.shape"),
    ("golden.0.outputs.cpu.scores_s8", None, "golden.0.outputs.cpu: is not for"),
    ("golden.0.pixels.dtype", "float32", "golden.0.pixels.dtype: is float32"),
    ("made_from", None, "made_from: is missing"),
    ("made_from.code", "A" * 64, "made_from.code: must be a SHA-256"),
    ("verdicts.0.met", "yes", "verdicts.0.met: must be true or false"),
]


def test_what_is_wrong_with_a_sidecar_is_named(tmp_path):
    document = write_model(tmp_path).model_dump(mode="json")
    texts = [json.dumps(document)]
    for path, value, _ in FAULTS:
        broken = json.loads(json.dumps(document))
        put(broken, path, value)
        texts.append(json.dumps(broken))
    whole, *messages = in_node([{"action": "read", "text": text} for text in texts])
    assert whole == ""
    for (path, value, message), said in zip(FAULTS, messages, strict=True):
        assert message in said, f"{path} = {value}: {said!r}"


@pytest.mark.parametrize(
    "decode",
    [None, {"kind": "hourglass", "order": "values_first"}, {"kind": "constructor"}],
    ids=["none", "unknown", "a name of JavaScript's own"],
)
def test_a_rule_that_the_page_cannot_carry_out_leaves_the_golden_outputs(tmp_path, decode):
    document = write_model(tmp_path).model_dump(mode="json") | {"decode": decode}
    cases = [{"action": "read", "text": json.dumps(document)}]
    outputs = {"scores_s8": np.zeros((1, 1, 4, 8), np.float32)}
    placement = Placement((1.0, 1.0), (0.0, 0.0), (1, 1))
    case = decode_case(outputs, ArgmaxRule(), ["a"], placement, "keep")
    case["sidecar"]["decode"] = decode
    assert in_node([*cases, case]) == ["", {"predictions": [], "mask": None}]


KINDS = {each.model_fields["kind"].default for each in RULES}


def without_decoder(document):
    """Leave out what the page does not look at where it has no decoder."""
    rule = document.get("decode", 0) if isinstance(document, dict) else 0
    kind = rule.get("kind") if isinstance(rule, dict) else None
    if rule is None or (isinstance(kind, str) and kind not in KINDS):
        document["decode"] = None
        for golden in document["golden"]:
            golden["predictions"] = []
    return document


def python_refuses(text):
    """Whether Python refuses a sidecar, or has no photo to give."""
    try:
        # JavaScript has one kind of number: 2.0 is 2.
        document = json.loads(text, parse_float=lambda number: float_or_int(float(number)))
        sidecar = parse_sidecar(without_decoder(document))
    except ValueError:
        return True
    return sidecar.image is None


def float_or_int(number):
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def test_the_page_refuses_the_sidecars_that_python_refuses():
    sidecar = read_sidecar(BUNDLE / "model.json")
    check_refusals(sidecar.model_dump(mode="json"), 1000)


@pytest.mark.parametrize("kind", DECODED)
def test_the_page_refuses_the_rules_that_python_refuses(tmp_path, kind):
    document = write_decoded(tmp_path, kind).model_dump(mode="json")
    # Half of them are of the rule, and of the tensors that it reads.
    check_refusals(document, 100)
    check_refusals(document, 200, part=("decode", "outputs"))


def check_refusals(document, count, part=None):
    """Spoil a sidecar, or some of its parts alone, and ask both."""
    source = random.Random(11)
    mutants = [spoilt(document, part, source) for _ in range(count)]
    messages = in_node([{"action": "read", "text": text} for text, _ in mutants])
    unlike = [
        (change, said)
        for (text, change), said in zip(mutants, messages, strict=True)
        if python_refuses(text) != (said != "")
    ]
    assert unlike == []
    assert count / 2 < sum(said != "" for said in messages) < count


def spoilt(document, part, source):
    """Spoil a document, or in it no other parts than these."""
    if part is None:
        return mutant(document, source)
    while True:
        text, (kind, place) = mutant({name: document[name] for name in part}, source)
        if kind != "cut":
            return json.dumps(document | json.loads(text)), (kind, place)


def test_quads_overlap_as_in_python():
    rng = np.random.default_rng(8)
    square = np.array([[0.0, 0.0], [40.0, 0.0], [40.0, 30.0], [0.0, 30.0]])
    expected = square + rng.uniform(-6, 6, (60, 4, 2))
    found = expected + rng.uniform(-9, 9, (60, 4, 2))
    cases = [
        {"action": "overlap", "found": a.tolist(), "expected": b.tolist()}
        for a, b in zip(found, expected, strict=True)
    ]
    python = quad_overlaps(found, expected, np.zeros(60, bool)).diagonal()
    np.testing.assert_allclose(in_node(cases), python, rtol=1e-9)


def test_golden_objects_are_counted():
    def each(score, x=0.0, label="a"):
        quad = [[x, 0], [x + 30, 0], [x + 30, 20], [x, 20]]
        return {"label": label, "score": score, "quad": quad}

    golden = [each(0.9), each(0.6, 100), each(0.2, 200)]
    founds = [
        (0, [each(0.88, 1), each(0.55, 101)]),
        # The other answer need not be sure of it.
        (0, [each(0.88, 1), each(0.1, 101)]),
        (1, [each(0.88, 1)]),
        # Moved by 5 of 30 pixels: one is missing, and one is there that was not.
        (2, [each(0.88, 5), each(0.6, 101)]),
        (3, [each(0.9, label="b"), each(0.6, 100), each(0.7, 300)]),
    ]
    cases = [
        {"action": "unmatched", "found": found, "expected": golden, "sure": 0.4}
        for _, found in founds
    ]
    assert in_node(cases) == [count for count, _ in founds]


def test_a_golden_box_without_area_is_itself_only():
    def line(left, right, y=7):
        quad = [[left, y], [right, y], [right, y], [left, y]]
        return [{"label": "a", "score": 0.9, "quad": quad}]

    others = [line(3, 9), line(4, 9), line(3, 9, y=8)]
    cases = [
        {"action": "unmatched", "found": other, "expected": line(3, 9), "sure": 0.4}
        for other in others
    ]
    assert in_node(cases) == [0, 2, 2]


def tilted(centre, size, degrees):
    """A box's corners, clockwise from its own top left."""
    (width, height), angle = size, np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * (width / 2, height / 2)
    return (corners @ turn.T + centre).tolist()


@pytest.mark.parametrize("degrees", [0, 20, -20, 90, 180])
def test_captions_are_off_boxes_and_off_one_another(degrees):
    """Lines of text as a photo of a page has them, tilted: 40 pixels each, 20 between them."""
    quads = [
        tilted((400 + x, 300 + y), (160, 40), degrees) for x in (-110, 110) for y in (-90, -30, 30)
    ]
    sizes, gap = [[44, 18]] * len(quads), 1
    photo = {"width": 800, "height": 600}
    case = {"action": "tags", "quads": quads, "sizes": sizes, "photo": photo, "gap": gap}
    (places,) = in_node([case])
    drawn = np.zeros((600, 800), np.uint8)
    for quad in quads:
        cv2.fillPoly(drawn, [np.round(quad).astype(np.int32)], 1)
    for (x, y), quad in zip(places, quads, strict=True):
        rect = (slice(round(y), round(y) + 18), slice(round(x), round(x) + 44))
        assert drawn[rect].mean() < 0.1
        drawn[rect] = 2
        near = np.clip(quad, [x, y], [x + 44, y + 18]) - quad
        assert np.hypot(*near.T).min() <= 2 * gap, "at none of its corners"
    assert (drawn == 2).sum() == 44 * 18 * len(quads)


def test_captions_stay_on_the_photo():
    quads = [tilted((20, 8), (60, 30), 0), tilted((95, 55), (40, 20), 10)]
    photo = {"width": 100, "height": 60}
    case = {"action": "tags", "quads": quads, "sizes": [[44, 18]] * 2, "photo": photo, "gap": 2}
    for x, y in in_node([case])[0]:
        assert 0 <= x <= 100 - 44
        assert 0 <= y <= 60 - 18


def test_metadata_goes_out_of_jpegs():
    picture = np.random.default_rng(2).integers(0, 256, (24, 40, 3), np.uint8)
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", exif=exif, comment=b"hello", dpi=(72, 72))
    encoded = buffer.getvalue()
    assert jpeg.fault_of(encoded) is not None
    text = base64.b64encode(encoded).decode()
    (answer,) = in_node([{"action": "strip", "jpeg": text}])
    clean = base64.b64decode(answer)
    assert jpeg.fault_of(clean) is None
    assert len(clean) > 100
    before, after = (
        cv2.imdecode(np.frombuffer(each, np.uint8), cv2.IMREAD_COLOR) for each in (encoded, clean)
    )
    np.testing.assert_array_equal(before, after)


SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.mark.parametrize(
    ("profile", "is_kept"),
    [(SRGB, True), (SRGB + b"37.5 N", False), (bytes(60), False), (b"x", False)],
    ids=["whole", "more behind it", "none", "short"],
)
def test_a_colour_profile_stays_and_nothing_that_only_says_to_be_one(profile, is_kept):
    buffer = io.BytesIO()
    Image.new("RGB", (24, 40), "red").save(buffer, "JPEG", icc_profile=profile)
    text = base64.b64encode(buffer.getvalue()).decode()
    (answer,) = in_node([{"action": "strip", "jpeg": text}])
    clean = base64.b64decode(answer)
    assert (b"ICC_PROFILE" in clean) == is_kept
    assert jpeg.fault_of(clean) is None


def test_the_register_has_the_wording_of_the_consent():
    """Whoever changes the wording in any language raises CONSENT_VERSION and adds its digest."""
    (found,) = in_node([{"action": "wording"}])
    digest = sha256_text(found["text"])
    register = json.loads((ROOT / "decant/demo/web/consent_wording.json").read_text())
    assert register[str(found["version"])] == digest
    assert list(register) == [str(version) for version in range(2, found["version"] + 1)]


CONSENT = {"given": "2026-11-01T10:00:00.500Z"}


@pytest.mark.parametrize(
    ("record", "is_covered"),
    [
        ({"kept": "2026-11-01T10:00:00.500Z", "consent": CONSENT}, True),
        ({"kept": "2026-11-01T10:00:00.499Z", "consent": CONSENT}, False),
        ({"kept": "2026-11-21T00:00:00.001Z", "consent": CONSENT}, False),
        ({"kept": "2026-11-01T10:00:00.500Z"}, False),
        ({"captured": "2026-11-01T10:00:00.500Z"}, False),
    ],
    ids=["at once", "before", "after the export", "no consent", "of an earlier page"],
)
def test_what_a_consent_covers(record, is_covered):
    case = {"action": "covered", "record": record, "created": "2026-11-21T00:00:00Z"}
    assert in_node([case]) == [is_covered]


def test_types_fit():
    """What JSDoc says of arguments and results, held against every call."""
    compiler = ROOT / "build" / "web" / "node_modules" / ".bin" / "tsc"
    ended = subprocess.run(
        [compiler, "--project", Path(__file__).with_name("tsconfig.json")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout
