"""Imported before TensorFlow, so that its start-up notes never reach the user's terminal."""

from __future__ import annotations

import gc
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")  # also: the same bits on every run
logging.getLogger("tensorflow").setLevel(logging.ERROR)
logging.getLogger("absl").setLevel(logging.ERROR)

# What TensorFlow imports of Keras as its last act; without it, it goes on (tensorflow/__init__.py).
KERAS = "keras.src.optimizers"


def import_without_keras() -> None:
    """Import TensorFlow in half of the time: nothing here needs Keras.

    `tf.keras` is there for an operators file that asks for it.
    """
    if {"tensorflow", KERAS} & sys.modules.keys():
        return
    sys.modules[KERAS] = None  # type: ignore[assignment]  # the import system's word for "none"
    try:
        with _uncollected():
            import tensorflow  # noqa: F401
    finally:
        del sys.modules[KERAS]


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keep the garbage collector away from what modules make, which stays: a fifth of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if enabled:
            gc.enable()
