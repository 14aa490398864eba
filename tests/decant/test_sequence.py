"""The task `sequence`: its decode rules, and figures that are rapidfuzz's."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from pydantic import TypeAdapter
from rapidfuzz.distance import Levenshtein
from sidecars import write_model

from decant.contract.decode import CtcRule, Decode, ReadText, SlotsRule
from decant.contract.decode.text import beam_search
from decant.contract.images import Placement
from decant.contract.predictor import predictions
from decant.contract.sidecar import parse_sidecar
from decant.errors import DataError
from decant.metrics import edit_distance
from decant.samples import Sample
from decant.tasks import make_task
from decant.tasks.sequence import SequenceSection, SequenceTask

PLACED = Placement((1.0, 1.0), (0.0, 0.0), (9, 9))
RULE = CtcRule(alphabet="abc")
TASK = SequenceTask(RULE)


def text(random, alphabet="abcd ä", most=9):
    return "".join(random.choice([*alphabet], random.integers(0, most)))


def test_edits_are_rapidfuzz_s():
    random = np.random.default_rng(0)
    pairs = [(text(random), text(random)) for _ in range(500)]
    pairs += [("", ""), ("", "abc"), ("abc", ""), ("kitten", "sitting"), ("𝄞a", "a")]
    found = [edit_distance(*pair) for pair in pairs]
    assert found == [Levenshtein.distance(*pair) for pair in pairs]


def one_hot(path, classes):
    scores = np.full((len(path), classes), 0.05, np.float32)
    scores[np.arange(len(path)), path] = 0.8
    return scores


# Greedy: repeats are one, but for a blank between them.
PATHS = {
    "repeats": ([1, 1, 2, 2, 2, 3], "abc"),
    "blank between": ([1, 0, 1, 0, 0, 2], "aab"),
    "blanks alone": ([0, 0, 0, 0, 0, 0], ""),
    "blank at both ends": ([0, 3, 3, 0, 3, 0], "cc"),
}


@pytest.mark.parametrize("name", PATHS)
@pytest.mark.parametrize("order", ["batch_first", "time_first"])
def test_ctc_reads_the_best_path(name, order):
    path, expected = PATHS[name]
    scores = np.stack([one_hot(path, 4), one_hot(path[::-1], 4)])
    given = scores if order == "batch_first" else scores.transpose(1, 0, 2)
    rule = CtcRule(alphabet="abc", order=order, score_activation="none")
    first, second = rule.decode({"logits": given})
    assert (first.text, second.text) == (expected, expected[::-1])
    assert first.score == pytest.approx(0.8)


@pytest.mark.parametrize("order", ["batch_first", "time_first"])
def test_a_predictor_reads_all_of_the_first_sample(order):
    scores = np.stack([one_hot([1, 0, 2, 3], 4), one_hot([3, 3, 3, 3], 4)])
    given = scores if order == "batch_first" else scores.transpose(1, 0, 2)
    rule = CtcRule(alphabet="abc", order=order, output="logits", score_activation="none")
    outputs = {"logits": given, "length": np.zeros(2, np.int32)}
    (found,) = predictions(outputs, rule, (), PLACED)
    assert found.label == "abc"


@pytest.mark.parametrize("blank", [0, 1, 3, -1])
def test_the_blank_may_be_any_class(blank):
    place = blank % 4
    classes = [each for each in range(4) if each != place]
    path = [classes[0], place, classes[0], classes[2]]
    rule = CtcRule(alphabet="abc", blank=blank, score_activation="none")
    (found,) = rule.decode({"logits": one_hot(path, 4)[np.newaxis]})
    assert found.text == "aac"


def test_logits_become_probabilities():
    logits = np.log(one_hot([1, 2], 4) / 0.95)[np.newaxis]
    (found,) = RULE.decode({"logits": logits})
    assert found == ReadText("ab", pytest.approx(0.8 / 0.95, abs=1e-6))


def test_slots_have_a_character_each():
    rule = SlotsRule(alphabet=["ab", "c", "d"], score_activation="none")
    (found,) = rule.decode({"y": one_hot([0, 0, 2, 1], 3)[np.newaxis]})
    assert found.text == "ababdc"
    padded = SlotsRule(alphabet="abc", blank=3, score_activation="none")
    (found,) = padded.decode({"y": one_hot([0, 0, 3, 3], 4)[np.newaxis]})
    assert found.text == "aa"


def by_definition(probabilities, blank):
    """Add up all paths of each text: [T, C] small enough to write them all."""
    found = {}
    places, classes = probabilities.shape
    for path in product(range(classes), repeat=places):
        kept = [k for i, k in enumerate(path) if k != blank and (i == 0 or k != path[i - 1])]
        share = np.prod(probabilities[np.arange(places), path])
        found[tuple(kept)] = found.get(tuple(kept), 0) + share
    return max(found, key=found.get)


def test_a_wide_beam_finds_the_likeliest_text():
    random = np.random.default_rng(1)
    for _ in range(40):
        rows = random.dirichlet(np.full(3, 0.7), 5)
        blank = int(random.integers(3))
        assert beam_search(rows, blank, 200) == by_definition(rows, blank)


def test_a_beam_beats_the_best_path():
    """Graves 2006: the blank leads at both places, but "a" in three ways is likelier."""
    rows = np.float32([[[0.6, 0.4], [0.6, 0.4]]])
    greedy, beam = (
        CtcRule(alphabet="a", score_activation="none", beam_width=width) for width in (1, 5)
    )
    assert greedy.decode({"y": rows})[0].text == ""
    assert beam.decode({"y": rows})[0].text == "a"


def test_a_long_text_does_not_underflow():
    path = [1, 0, 2, 0] * 600
    assert len(beam_search(one_hot(path, 90).astype(np.float64), 0, 3)) == 1200


REFUSED = {
    "classes": (RULE, {"y": (1, 9, 5)}, r"reads \[N, places, 4\], 3 characters and the blank"),
    "order": (
        CtcRule(alphabet="abc", order="time_first"),
        {"y": (1, 4, 9)},
        r"reads \[places, N, 4\], .* but y is \[1, 4, 9\]",
    ),
    "slots": (SlotsRule(alphabet="abc"), {"y": (1, 9, 4)}, r"3\], 3 characters at each place"),
    "two outputs": (
        RULE,
        {"a": (1, 9, 4), "b": (1, 9, 4)},
        "decode.output: missing, but the model",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_outputs_that_do_not_fit_are_refused(name):
    rule, shapes, message = REFUSED[name]
    with pytest.raises(DataError, match=f"task.*{message}.*make task.decode and the model"):
        SequenceTask(rule).check_outputs(shapes)
    with pytest.raises(DataError, match=message):
        rule.decode({key: np.zeros(shape, np.float32) for key, shape in shapes.items()})


def test_another_count_of_texts_is_refused():
    outputs = {"y": np.zeros((9, 2, 4), np.float32)}
    with pytest.raises(DataError, match=r"reads 9 texts in 2 samples; correct task.decode.order"):
        TASK.predict(outputs, [PLACED] * 2)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"alphabet": "abca"}, 'alphabet has "a" twice'),
        ({"alphabet": ""}, "at least 1 item"),
        ({"alphabet": "abc", "blank": 4}, "blank = 4 is none of 4 classes"),
        ({"alphabet": "abc", "blank": -2}, "greater than or equal to -1"),
        ({"alphabet": "abc", "beam_width": 0}, "greater than or equal to 1"),
    ],
    ids=["twice", "empty", "blank beyond", "blank below", "no beam"],
)
def test_keys_that_cannot_be_are_refused(keys, message):
    with pytest.raises(ValueError, match=message):
        CtcRule(**keys)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (7, "has the text 7, which is a int; give a str"),
        ("abx", '"abx" has "x", which is not in task.decode.alphabet'),
        ("ab c", 'has " ", which is not in'),
    ],
    ids=["number", "stranger", "space"],
)
def test_what_is_no_truth_is_refused(given, message):
    with pytest.raises(ValueError, match=message):
        TASK.read_truth({"text": given})


def samples(texts):
    return [Sample(str(i), each, frozenset(), lambda: None) for i, each in enumerate(texts)]


def test_figures_are_rapidfuzz_s_on_any_resample():
    random = np.random.default_rng(2)
    truths = [text(random, "abc") for _ in range(30)]
    found = [each if random.random() < 0.4 else text(random, "abc") for each in truths]
    evidence = TASK.evidence([ReadText(each, 1.0) for each in found], samples(truths))
    weights = random.multinomial(30, np.full(30, 1 / 30), size=5)
    figures = TASK.figures(evidence, weights)
    for b, copies in enumerate(weights):
        said, true = (np.repeat(np.array(each, object), copies) for each in (found, truths))
        edits = [Levenshtein.distance(*pair) for pair in zip(said, true, strict=True)]
        assert figures["cer"][b] == pytest.approx(sum(edits) / sum(map(len, true)))
        assert figures["edit_distance"][b] == pytest.approx(np.mean(edits))
        assert figures["exact_match"][b] == pytest.approx(np.mean(said == true))
    directions = {each.name: (each.unit, each.better) for each in TASK.metrics}
    assert directions["cer"] == ("fraction", "lower")
    assert directions["edit_distance"] == ("edits", "lower")


def test_texts_drawn_without_a_character_define_no_rate():
    evidence = TASK.evidence([ReadText("", 1.0), ReadText("a", 1.0)], samples(["", "b"]))
    figures = TASK.figures(evidence, np.array([[1, 0], [0, 1]]))
    np.testing.assert_array_equal(figures["cer"], [np.nan, 1])
    assert TASK.per_sample(evidence).tolist() == [1, 0]


def test_texts_without_any_character_are_refused():
    with pytest.raises(DataError, match="none of the 2 texts has a character"):
        TASK.evidence([ReadText("", 1.0)] * 2, samples(["", ""]))


def test_texts_are_written_below_the_picture():
    (said,) = TASK.draw_prediction(ReadText("ab", 0.8767))
    assert (said.said, said.score, said.drawn) == ("ab", 0.877, False)
    assert TASK.draw_truth("")[0].said == "(nothing)"


@pytest.mark.parametrize("rule", [RULE, SlotsRule(alphabet=["a", "bc"])], ids=["ctc", "slots"])
def test_the_sidecar_tells_the_rule_whole(rule):
    assert TypeAdapter(Decode).validate_json(rule.model_dump_json()) == rule
    outputs = {"y": np.zeros((1, 5, rule.classes), np.float32)}
    (found,) = rule.answer(outputs, (), PLACED)
    assert found.quad == ()
    assert found.score == pytest.approx(1 / rule.classes)


def test_a_golden_text_need_be_no_label(tmp_path):
    document = write_model(tmp_path).model_dump(mode="json")
    output = document["outputs"][0] | {"name": "y", "shape": [1, 5, 4], "layout": "keep"}
    file = document["golden"][0]["outputs"]["cpu"]["scores_s8"] | {"shape": [1, 5, 4]}
    document |= {"outputs": [output], "labels": [], "decode": RULE.model_dump(mode="json")}
    document["variants"][0]["tolerance"] = {"y": 0.5}
    document["golden"][0]["outputs"] = {"cpu": {"y": file}}
    document["golden"][0]["predictions"] = [{"label": "abc", "score": 0.5, "quad": []}]
    assert parse_sidecar(document).golden[0].predictions[0].label == "abc"


def test_a_section_opens_its_task():
    section = SequenceSection(kind="sequence", decode=RULE)
    assert make_task(section) == TASK
    assert section.known_metric().name == "cer"
