"""Of spoiled sidecars, Kotlin and Python refuse the same 1,000 or more, naming the field."""

import json
import random
import re
from collections import Counter

import pytest
from kotlin_jvm import litert_library
from mutants import mutant

from decant.contract.decode import RULES
from decant.contract.predictor import check_fit
from decant.contract.sidecar import read_sidecar
from decant.errors import DataError

pytestmark = pytest.mark.xdist_group("sidecars")
COUNT = 1200
# Where a sidecar may be changed and still contradict neither itself nor its model files, and why
# that does no harm.
HARMLESS = {
    "words and figures for people": r"model$ | variants\.\d\.name$ | licences\b | verdicts\b",
    "in another order": r"variants$ | outputs$ | decode\.strides$",
    "another way to prepare photos or to decode, which golden outputs and predictions tell": r"""
        image\.rule\.(mean|std|colour|resize|padding|shrink)\b | labels\.\d$
        | decode\.(score_threshold|display_threshold|nms_iou|max_candidates|max_detections)$""",
    "no decoder here: golden outputs count all the same": r"decode\.kind$",
    "what it was made from, for whoever checks a release": r"made_from\b",
    "another tolerance": r"variants\.\d\.tolerance\.\w+$",
    "fewer or other examples; their files are checked when they are read": r"""
        golden$ | golden\.0$ | golden\.0\.predictions\b | golden\.0\.photo(_sha256)?$
        | golden\.0\..*\.(file|sha256)$""",
}
# The kinds of rule that the core carries out.
DECODED = {rule.model_fields["kind"].default for rule in RULES}
# The text is right, but the model file is another one.
MISFIT = re.compile("is not the file that model.json describes|, described as ")


@pytest.fixture(scope="module")
def mutants(bundle):
    document = json.loads((bundle / "model.json").read_text())
    source = random.Random(5)
    return [mutant(document, source) for _ in range(COUNT)]


@pytest.fixture(scope="module")
def kotlins(jvm, bundle, mutants):
    """Give Kotlin's answer to each: {} or {"kind", "message"}. Any other exception would end it."""
    main = "dev.decant.host.samples.ReadSidecarsKt"
    with jvm.start(main, litert_library(), bundle) as lines:
        answers = []
        for text, _ in mutants:
            lines.ask(text)
            answers.append(lines.answer())
        lines.finish()
    return answers


@pytest.fixture(scope="module")
def pythons(bundle, mutants, tmp_path_factory):
    """Give Python's answer to each: None or the message of its DataError."""
    folder = tmp_path_factory.mktemp("bundle")
    for file in bundle.glob("*.tflite"):
        (folder / file.name).symlink_to(file.resolve())
    path = folder / "model.json"
    return [refusal(path, text) for text, _ in mutants]


def refusal(path, text):
    path.write_text(undecoded(text))
    try:
        sidecar = read_sidecar(path)
        check_fit(path, sidecar, path.parent / sidecar.variant().file)
    except DataError as error:
        return str(error).removeprefix(str(path))
    return None


def undecoded(text):
    """Leave out what an app does not look at of a rule that it has no decoder for.

    Python, which makes the golden predictions, has one for every kind that it knows and refuses
    the others; an app may meet a rule of a later decant, and keeps to the golden outputs.
    """
    try:
        document = json.loads(text)
    except ValueError:
        return text
    rule = document.get("decode")
    kind = rule.get("kind") if isinstance(rule, dict) else None
    if not isinstance(kind, str) or kind in DECODED:
        return text
    document["decode"] = None
    for golden in document["golden"]:
        golden["predictions"] = []
    return json.dumps(document)


def test_both_refuse_the_same(mutants, kotlins, pythons, say):
    unlike = [
        (change, kotlin, python)
        for (_, change), kotlin, python in zip(mutants, kotlins, pythons, strict=True)
        if (not kotlin) != (python is None)
    ]
    kinds = Counter(change[0] for _, change in mutants)
    refused = sum(bool(kotlin) for kotlin in kotlins)
    say(f"sidecars: {COUNT} spoiled ({dict(kinds)}), {refused} refused by Kotlin and by Python")
    assert unlike == []
    assert refused >= 1000


def test_only_what_does_no_harm_is_accepted(mutants, kotlins, say):
    accepted = [change for (_, change), kotlin in zip(mutants, kotlins, strict=True) if not kotlin]
    reasons = {change: reason(change[1]) for change in accepted}
    assert [change for change, why in reasons.items() if why is None] == []
    counts = Counter(reasons[change] for change in accepted)
    say("sidecars accepted by both: " + "; ".join(f"{n} × {why}" for why, n in counts.items()))


def reason(path):
    """Say why a change there does no harm; nothing if it does."""
    for why, pattern in HARMLESS.items():
        if re.match(pattern, path, re.VERBOSE):
            return why
    return None


def test_kotlin_names_the_field(mutants, kotlins):
    for (_, change), kotlin in zip(mutants, kotlins, strict=True):
        if kotlin.get("kind") == "SidecarException":
            pattern = "not JSON" if change[0] == "cut" else r"[\w.]+ \S"
            assert re.match(rf"model\.json: {pattern}", kotlin["message"]), (change, kotlin)
        elif kotlin:
            assert MISFIT.search(kotlin["message"]), (change, kotlin)
