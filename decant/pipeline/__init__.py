"""What each command does, for programs and notebooks: one function per command.

Each takes names or paths, returns what it found, and prints nothing: it tells of its progress
through `logging` and `decant.progress`, and of a refusal through an exception of `decant.errors`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .building import Measured, bench, tflite
    from .comparison import Comparison, compare
    from .conversion import ConvertOptions
    from .hand_over import Bundled, Page, bundle, demo
    from .initial import Initial, init
    from .installation import Installation, doctor
    from .integer_training import TrainedInt8, distill_int8
    from .judging import Drawn, Judged, gate, report
    from .linting import Linted, lint
    from .listening import Imported, import_feedback
    from .operators import Operators, ops
    from .single_steps import Converted, Quantized, convert, quantize
    from .training import Trained, distill, train

__all__ = [
    "Bundled",
    "Comparison",
    "ConvertOptions",
    "Converted",
    "Drawn",
    "Imported",
    "Initial",
    "Installation",
    "Judged",
    "Linted",
    "Measured",
    "Operators",
    "Page",
    "Quantized",
    "Trained",
    "TrainedInt8",
    "bench",
    "bundle",
    "compare",
    "convert",
    "demo",
    "distill",
    "distill_int8",
    "doctor",
    "gate",
    "import_feedback",
    "init",
    "lint",
    "ops",
    "quantize",
    "report",
    "tflite",
    "train",
]

# By module: what is imported when it is first asked for, since frameworks come with most of it.
_LAZY = {
    "building": ("Measured", "bench", "tflite"),
    "comparison": ("Comparison", "compare"),
    "conversion": ("ConvertOptions",),
    "hand_over": ("Bundled", "Page", "bundle", "demo"),
    "initial": ("Initial", "init"),
    "installation": ("Installation", "doctor"),
    "integer_training": ("TrainedInt8", "distill_int8"),
    "judging": ("Drawn", "Judged", "gate", "report"),
    "linting": ("Linted", "lint"),
    "listening": ("Imported", "import_feedback"),
    "operators": ("Operators", "ops"),
    "single_steps": ("Converted", "Quantized", "convert", "quantize"),
    "training": ("Trained", "distill", "train"),
}
_MODULES = {name: module for module, names in _LAZY.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_MODULES[name]}", __name__), name)
