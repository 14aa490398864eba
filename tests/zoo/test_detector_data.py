"""Pages: reproducible, legible, disjoint between splits, refused when a glyph is missing."""

from __future__ import annotations

import hashlib
from itertools import combinations

import numpy as np
import pytest

from decant.contract.decode.quad_grid import envelopes
from decant.errors import DataError
from decant.zoo.detector.data import pages
from decant.zoo.detector.data import text as text_lines
from decant.zoo.detector.data.bank import SPLITS, bank, sixteenth
from decant.zoo.detector.data.expressions import Atom, Row, to_latex
from decant.zoo.detector.data.formulas import draw_formula
from decant.zoo.detector.data.handwriting import digit_indices
from decant.zoo.detector.data.page import (
    INPUT_SIDE,
    MAX_HEIGHT,
    MAX_OVERLAP,
    MIN_HEIGHT,
    heights,
    measured_tags,
)
from decant.zoo.detector.data.strokes import glyph
from decant.zoo.detector.data.typeset import FONTS, typeset


@pytest.fixture(scope="module")
def some_pages():
    return {split: list(pages(split, 0, 10)) for split in SPLITS}


def test_a_page_depends_on_its_split_and_index_only(some_pages):
    bank.cache_clear()  # so that the stock is filled in another order
    again = next(pages("calibration", 7, 1))
    first = some_pages["calibration"][7]
    assert again.jpeg == first.jpeg
    assert np.array_equal(again.quads, first.quads)
    assert again.tags == first.tags


def test_pages_of_one_split_differ(some_pages):
    hashes = {hashlib.sha256(page.jpeg).digest() for page in some_pages["train"]}
    assert len(hashes) == len(some_pages["train"])


@pytest.mark.parametrize("split", list(SPLITS))
def test_quads_lie_inside_the_photo_and_read_from_left_to_right(some_pages, split):
    for page in some_pages[split]:
        height, width = page.image.shape[:2]
        assert page.quads.shape == (len(page.kinds), 4, 2)
        assert (page.quads >= 0).all()
        assert (page.quads[..., 0] <= width).all()
        assert (page.quads[..., 1] <= height).all()
        reading = page.quads[:, 1] - page.quads[:, 0]
        downward = page.quads[:, 3] - page.quads[:, 0]
        assert (reading[:, 0] > 0).all()
        assert (reading[:, 0] * downward[:, 1] - reading[:, 1] * downward[:, 0] > 0).all()


def test_formulas_are_legible_and_apart(some_pages):
    for page in (page for made in some_pages.values() for page in made if len(page.quads)):
        at_input = heights(page.quads) * INPUT_SIDE / max(page.image.shape)
        assert at_input.min() >= MIN_HEIGHT
        assert at_input.max() <= MAX_HEIGHT
        for a, b in combinations(envelopes(page.quads), 2):
            sides = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
            shared = float(np.prod(np.maximum(sides, 0)))
            union = float(np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2])) - shared
            assert shared / union <= MAX_OVERLAP + 1e-6


def test_formulas_are_drawn_darker_than_what_surrounds_them(some_pages):
    """A quad around paper, or around the wrong place, would hold no strokes."""
    for page in some_pages["validation"]:
        grey = page.image.mean(axis=2)
        for x1, y1, x2, y2 in envelopes(page.quads).round().astype(int):
            patch = grey[y1:y2, x1:x2]
            assert np.percentile(patch, 95) - patch.min() > 20


def test_splits_share_no_seeds():
    for (_, a), (_, b) in combinations(SPLITS.items(), 2):
        assert not set(range(a.share[0], a.share[1])) & set(range(b.share[0], b.share[1]))
        assert a.seeds.stop <= b.seeds.start or b.seeds.stop <= a.seeds.start
        assert a.page_seed(100_000) in a.seeds


def test_splits_share_no_pages_formulas_or_seeds(some_pages):
    for mine, theirs in combinations(some_pages.values(), 2):
        for trait in ("jpeg", "seeds", "latex"):
            assert not _traits(mine, trait) & _traits(theirs, trait), trait


def _traits(made, name):
    if name == "jpeg":
        return {hashlib.sha256(page.jpeg).digest() for page in made}
    return {value for page in made for value in getattr(page, name)}


def test_a_formula_belongs_to_its_splits_share(some_pages):
    for split, made in some_pages.items():
        low, high = SPLITS[split].share
        assert all(low <= sixteenth(latex) < high for page in made for latex in page.latex)
        assert all(seed in SPLITS[split].seeds for page in made for seed in page.seeds)


def test_splits_share_no_handwritten_digits_and_all_have_each_digit():
    shares = [digit_indices((*split.share, 16)) for split in SPLITS.values()]
    used = [index for share in shares for indices in share.values() for index in indices]
    assert len(used) == len(set(used))
    assert all(len(share[digit]) > 10 for share in shares for digit in range(10))


def test_an_unknown_split_is_refused():
    with pytest.raises(DataError, match="no split 'dev'; the splits are train, calibration"):
        next(pages("dev", 0, 1))


@pytest.mark.parametrize("font", FONTS)
def test_printing_a_missing_glyph_fails(font):
    with pytest.raises(DataError, match=f"font {font} lacks a glyph"):
        typeset(Row((Atom("x"), Atom("漢"))), font)


def test_text_with_a_missing_glyph_fails():
    with pytest.raises(DataError, match=r"DejaVuSerif.ttf lacks a glyph for '수' \(U\+C218\)"):
        text_lines.set_text("수학", "DejaVuSerif.ttf")


def test_writing_a_missing_glyph_fails():
    with pytest.raises(DataError, match=r"no strokes for '€' \(U\+20AC\)"):
        glyph("€")


def test_a_missing_font_is_named():
    with pytest.raises(DataError, match=r"font Nowhere\.ttf is not installed"):
        text_lines.font_path("Nowhere.ttf")


def test_whatever_the_grammar_says_can_be_printed_and_written():
    rng = np.random.default_rng(5)
    stock = bank("calibration")
    for i in range(120):
        formula = draw_formula(rng)
        printed = typeset(formula, FONTS[i % len(FONTS)])
        written = stock.writer(rng, i).write(formula)
        for box in (printed, written):
            assert box.alpha[0].any(), to_latex(formula)
            assert min(box.alpha.shape) > 15, to_latex(formula)


def _row_of_quads(count=1, height=20.0, degrees=0.0):
    corners = np.array([[0, 0], [80, 0], [80, height], [0, height]])
    turn = np.radians(degrees)
    turned = corners @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return np.repeat(turned[None], count, axis=0).astype(np.float32)


@pytest.mark.parametrize(
    ("quads", "shaded", "tag", "expected"),
    [
        (_row_of_quads(degrees=8.1), 0.0, "tilted", True),
        (_row_of_quads(degrees=-8.1), 0.0, "tilted", True),
        (_row_of_quads(degrees=7.9), 0.0, "tilted", False),
        (_row_of_quads(), 0.10, "shadowed", True),
        (_row_of_quads(), 0.09, "shadowed", False),
        (_row_of_quads(8), 0.0, "crowded", True),
        (_row_of_quads(7), 0.0, "crowded", False),
        (_row_of_quads(height=13.9 * 2), 0.0, "small", True),
        (_row_of_quads(height=14.1 * 2), 0.0, "small", False),
        (_row_of_quads(0), 0.5, "shadowed", True),
        (_row_of_quads(0), 0.5, "small", False),
    ],
)
def test_tags_follow_their_criteria(quads, shaded, tag, expected):
    tags = measured_tags(quads, ("printed",) * len(quads), 2 * INPUT_SIDE, shaded)
    assert (tag in tags) is expected
    assert ("printed" in tags) is (len(quads) > 0)
