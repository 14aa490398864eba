"""What the markers of quantization are called, in a TensorFlow function and in a file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from decant.flatbuffer.graph import text

if TYPE_CHECKING:
    from collections.abc import Iterable

QUANTIZE = "decant.quantize"
DEQUANTIZE = "decant.dequantize"
DYNAMIC = "decant.dynamically_quantize"
MARKERS = frozenset({QUANTIZE, DEQUANTIZE, DYNAMIC})

NAMED = "marked"
"""How the name of a marker's result begins; the number behind it is the marker's last input."""


def holds_markers(model: Any) -> bool:
    """Whether a file has markers, in its main graph or in the body of a loop."""
    return any(text(code.customCode) in MARKERS for code in model.operatorCodes)


def marked(names: Iterable[str]) -> dict[int, str]:
    """Map the number of every marker to the name of its result."""
    found = ((re.search(rf"\b{NAMED}(\d+)$", name), name) for name in names)
    return {int(match[1]): name for match, name in found if match}


STEP = ";step"
"""In the name of a tensor that is a step on the way to the value it is named after."""
