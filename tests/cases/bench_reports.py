"""Report entries with chosen figures, for rules that need no measurement."""

from __future__ import annotations

from decant.bench.schema import Entry, Estimate, Footprint, Latency, Profile, Quality
from decant.fidelity import Part
from decant.spec import Spec

FLOAT_MS = 10.0
FLOAT_BYTES = 4_000_000

TASK = {"kind": "quad_detection", "labels": ("square",), "decode": {"strides": (8,)}}
SOURCE = {"kind": "coco", "annotations": "a.json", "images": "a"}


def spec(**requirements):
    """Make a spec with these requirements, in memory."""
    return Spec.model_validate(
        {
            "model": {"name": "squares", "factory": "m:f"},
            "input": {"shape": (1, 3, 64, 64), "mean": (0.5,) * 3, "std": (0.5,) * 3},
            "task": TASK,
            "data": {"calibration": SOURCE, "validation": SOURCE, "test": SOURCE},
            "requirements": requirements,
        }
    )


def estimate(value, half=0.01):
    return Estimate(value=value, low=value - half, high=value + half)


def quality(accuracy, drop):
    return Quality(accuracy={"ap50": estimate(accuracy)}, drop={"ap50": estimate(drop)})


def latency(ratio):
    median = FLOAT_MS * ratio
    return Latency(
        median=median,
        p90=median * 1.2,
        n=100,
        ratio_to_reference=ratio,
        ratio_low=ratio * 0.99,
        ratio_high=ratio * 1.01,
    )


# What int8 of one scale leaves of a YOLO head's boxes and scores.
LOST = (
    Part(output="output0", where="[:, 0:4, :]", snr_db=47.2, low=0, high=639, meaning="good"),
    Part(
        output="output0",
        where="[:, 4:7, :]",
        snr_db=-0.1,
        low=0,
        high=0.97,
        values=1,
        float_values=5_120,
        meaning="broken",
    ),
)


def unfit(entry):
    """Let a file have lost the scores of its output."""
    return entry.model_copy(update={"parts": LOST})


def entry(name, *, ratio=1.0, size=1.0, drop=0.0, test_drop=None, memory=50_000_000):
    """Make a file `ratio` × as slow and `size` × as large as float, that drops by `drop`."""
    test_drop = drop if test_drop is None else test_drop
    test = quality(0.9 - test_drop, test_drop)
    return Entry(
        name=name,
        file=f"{name}.tflite",
        sha256="0" * 64,
        size_bytes=round(FLOAT_BYTES * size),
        latency_ms={"threads_1": latency(ratio), "threads_2": latency(ratio * 0.8)},
        footprint=Footprint(load_ms=5.0, peak_memory_bytes=memory, model_memory_bytes=memory // 4),
        profile=Profile(operators={"CONV_2D": 3}, outside={}, delegated=3, partitions=1),
        accuracy=test.accuracy,
        drop=test.drop,
        validation=quality(0.9 - drop, drop),
    )
