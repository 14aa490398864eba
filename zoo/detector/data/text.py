"""Lines of Korean and English text: what a formula detector must leave alone."""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.ft2font import FT2Font
from PIL import Image, ImageDraw, ImageFont

from decant.errors import DataError

from .boxes import Box, tight

#: Font size of a text line in pixels.
EM = 48
_NANUM = ("NanumGothic.ttf", "NanumGothicBold.ttf", "NanumGothicLight.ttf")
_LATIN = ("DejaVuSans.ttf", "DejaVuSerif.ttf", "STIXGeneral.ttf")

_KOREAN = (
    "다음 물음에 답하시오 함수의 그래프를 그리고 최댓값과 최솟값을 구하시오 아래 표를 "
    "보고 빈칸을 채우시오 두 직선이 서로 만나는 점의 좌표를 풀이 과정을 자세히 쓰시오 "
    "학생들이 공원까지 걸어서 이동하였다 삼각형의 넓이와 둘레를 각각 비교하여라 주사위를 "
    "던질 때 나오는 눈의 수 확률은 얼마인가 보기에서 모두 고르면 옳은 것은 어느 "
    "것인지 설명하시오 단 모든 경우의 수를 생각한다 그림과 같이 원의 중심에서 거리가 "
    "일정한 점 방정식의 해를 이용하여 정답과 해설 연습 문제 단원 평가 서술형 수학 "
    "공부 오늘의 숙제 이름 번호 학년 반"
)
_KOREAN_NUMBERS = (
    "3월 14일",
    "12명이",
    "2026학년도",
    "45쪽",
    "8번 문제",
    "20분 동안",
    "7개의",
    "500원짜리",
)
_ENGLISH = (
    "Solve the following problems and show your work in detail Find the value of each unknown "
    "Draw the graph on squared paper A train leaves the station at noon Explain why the answer is "
    "correct using words only Which statement about triangles is always true Compare both methods "
    "and choose the shorter one Write down the domain and range The students measured the height "
    "of a tree Homework chapter exercise review name date class score Let us consider a circle "
    "whose centre lies on the line"
)
_ENGLISH_NUMBERS = (
    "page 27",
    "in 1998",
    "24 students",
    "Figure 3",
    "Chapter 5",
    "at 10 am",
    "Unit 12",
    "July 4",
)
_LABELS = ("{}.", "({})", "{})", "[{}]", "문제 {}.", "Q{}.", "예제 {}")
_CIRCLED = "①②③④⑤⑥⑦⑧⑨"


@cache
def font_path(name: str) -> Path:
    """Find a font file of koreanize-matplotlib (NanumGothic, OFL) or of matplotlib itself.

    Raises:
        DataError: The font is not installed.
    """
    # find_spec, not import: importing that package changes matplotlib's global settings.
    spec = importlib.util.find_spec("koreanize_matplotlib")
    korean = Path(spec.origin).parent / "fonts" if spec and spec.origin else Path()
    for folder in (korean, Path(matplotlib.get_data_path()) / "fonts" / "ttf"):
        if (folder / name).is_file():
            return folder / name
    raise DataError(
        f"font {name} is not installed; run: pip install koreanize-matplotlib matplotlib"
    )


@cache
def _characters(name: str) -> frozenset[int]:
    return frozenset(FT2Font(str(font_path(name))).get_charmap())


@cache
def _font(name: str) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(font_path(name)), EM, layout_engine=ImageFont.Layout.BASIC)


def set_text(text: str, font: str) -> Box:
    """Print one line of text at `EM` pixels; the box is tight, its axis 0.3 em over the baseline.

    Raises:
        DataError: The font lacks a glyph.
    """
    missing = [c for c in text if ord(c) not in _characters(font)]
    if missing:
        raise DataError(
            f"font {font} lacks a glyph for {missing[0]!r} (U+{ord(missing[0]):04X}) of {text!r}; "
            "take the character out of zoo/detector/data/text.py or choose another font"
        )
    face = _font(font)
    image = Image.new("L", (int(face.getlength(text)) + 2 * EM, 2 * EM))
    ImageDraw.Draw(image).text((EM, 1.4 * EM), text, fill=255, font=face, anchor="ls")
    return tight(Box(np.asarray(image, np.uint8), 1.1 * EM))


def line(rng: np.random.Generator, korean: bool, words: int) -> Box:
    """Print words in a row, sometimes with a number among them."""
    words_of = _KOREAN if korean else _ENGLISH
    vocabulary, numbers = words_of.split(), _KOREAN_NUMBERS if korean else _ENGLISH_NUMBERS
    start = int(rng.integers(len(vocabulary)))
    chosen = [vocabulary[(start + i) % len(vocabulary)] for i in range(words)]
    if rng.random() < 0.3:
        chosen[int(rng.integers(words))] = numbers[int(rng.integers(len(numbers)))]
    ending = "." if rng.random() < 0.3 else ""
    return set_text(" ".join(chosen) + ending, _choice(rng, korean))


def label(rng: np.random.Generator, number: int) -> Box:
    """Print the number of an exercise."""
    if rng.random() < 0.25 and number <= len(_CIRCLED):
        return set_text(_CIRCLED[number - 1], _NANUM[int(rng.integers(len(_NANUM)))])
    form = _LABELS[int(rng.integers(len(_LABELS)))]
    return set_text(form.format(number), _NANUM[int(rng.integers(len(_NANUM)))])


def _choice(rng: np.random.Generator, korean: bool) -> str:
    fonts = _NANUM if korean or rng.random() < 0.4 else _LATIN
    return fonts[int(rng.integers(len(fonts)))]
