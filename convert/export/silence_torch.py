"""Keeps what PyTorch says while exporting off the user's terminal."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

logger = logging.getLogger(__name__)


@contextlib.contextmanager
def silence_torch() -> Iterator[None]:
    """Keep torch.export's and torch.onnx's notes off the terminal; errors are still raised."""
    disabled = logging.root.manager.disable
    sink = io.StringIO()
    logging.disable(logging.CRITICAL)
    try:
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(sink),
            contextlib.redirect_stderr(sink),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)
        logger.debug("torch said: %s", sink.getvalue())


def first_line(error: BaseException) -> str:
    """Give the first line of an exception's message that says something."""
    return next((line.strip() for line in str(error).splitlines() if line.strip()), repr(error))
