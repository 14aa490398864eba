"""Writes the tables of `docs/reference/operators.md` and `rewrites.md` from the code and the suite.

Run it where they no longer fit: `python tests/cases/operators_page.py`. What rewrites gain is what
`rewrite_gains.py` measured once.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from node_suite import EMISSION_GAPS, LITE_GAPS, gap_of, numeric_cases

from decant.convert.rewrites import REWRITES
from decant.convert.support import Support, supported

REFERENCE = Path(__file__).parents[2] / "docs/reference"
OPERATORS, REWRITES_PAGE = REFERENCE / "operators.md", REFERENCE / "rewrites.md"
GAINS = Path(__file__).with_name("rewrite_gains.json")
UNCLEAR = 0.03
"""Of a ratio of times: nearer to 1 it may be the clock."""
BEGIN = "<!-- What follows is written by tests/cases/operators_page.py. -->\n\n"


def node_tests() -> tuple[Counter[str], Counter[str]]:
    """Operator → its numeric node tests, and those of them that pass; written-out forms aside."""
    every, passing = Counter(), Counter()
    for case in numeric_cases():
        node = case.model.graph.node[0]
        if case.name.endswith("_expanded"):
            continue
        name = f"{node.domain}::{node.op_type}" if node.domain else node.op_type
        every[name] += 1
        passing[name] += gap_of(case.name, (*EMISSION_GAPS, *LITE_GAPS)) is None
    return every, passing


def operators_table() -> str:
    every, passing = node_tests()
    rows = [_row(each, passing[each.name], every[each.name]) for each in supported()]
    heading = "| operator | since opset | way | how | node tests |\n|---|---|---|---|---|\n"
    return heading + "\n".join(rows) + "\n"


def _row(support: Support, passing: int, every: int) -> str:
    way = "no" if support.way == "none" else support.way
    how = support.how.replace("|", "\\|")
    tests = f"{passing} of {every}" if every else ""
    return f"| `{support.name}` | {support.since or ''} | {way} | {how} | {tests} |"


def rewrites_list() -> str:
    """Each rewrite: what it does, and what it gains."""
    measured = json.loads(GAINS.read_text(encoding="utf-8"))
    parts = [
        f"### `{each.name}`\n\n{_text(each.description)}\n{_gain(measured['gains'][each.name])}\n"
        for each in REWRITES
    ]
    return f"{_conditions(measured)}\n\n" + "\n".join(parts)


def _conditions(measured: dict[str, Any]) -> str:
    return (
        "Each was measured on a small example that it takes, converted with it and without it, in"
        f" LiteRT\n{measured['runtime']} on one thread of an {measured['machine']}: times are the"
        f" shortest of {measured['rounds']} rounds,\nboth files in turn."
    )


def _gain(gain: dict[str, Any] | None) -> str:
    """Say what a rewrite gains on its example."""
    if gain is None:
        return "Gain: needed; its example is refused without it."
    operators, sizes, ratio = gain["operators"], gain["bytes"], gain["time_ratio"]
    faster = abs(ratio - 1) > UNCLEAR
    if operators[0] == operators[1] and not faster:
        return "Gain: none by itself; the file of its example is as good without it."
    time = f"{ratio:.2f} × the time" if faster else "the same time"
    count = f"{operators[1]} operator{'s' * (operators[1] != 1)} in place of {operators[0]}"
    before, after = (f"{size / 1000:.1f}" for size in sizes)
    return f"Gain: without it {time}, {count}, {after} kB in place of {before}."


def _text(description: str) -> str:
    """A docstring: its first line as text, and the picture as it stands."""
    first, _, rest = description.partition("\n")
    picture = rest.strip("\n")
    return f"{first}\n" + (f"\n```\n{picture}\n```\n" if picture else "")


def page(path: Path, generated: str) -> str:
    """A page with its generated part renewed."""
    return path.read_text(encoding="utf-8").partition(BEGIN)[0] + BEGIN + generated


def pages() -> dict[Path, str]:
    """Each page as it should be."""
    tables = {OPERATORS: operators_table(), REWRITES_PAGE: rewrites_list()}
    return {path: page(path, generated) for path, generated in tables.items()}


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
