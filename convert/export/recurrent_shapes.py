"""Spares torch.export the steps of recurrent layers.

For the shapes of an LSTM's or GRU's results PyTorch 2.13 goes through all of its steps in fake
tensors, twice: 12 s for 200 steps of two layers in both directions.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from torch._decomp import decompositions
from torch._subclasses.fake_tensor import FakeTensor
from torch.fx.experimental.proxy_tensor import get_proxy_mode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# PyTorch's own function of one step → how many states it takes behind the input and gives back.
CELLS = {"lstm_cell": 2, "gru_cell": 1}


@contextlib.contextmanager
def steps_by_shape() -> Iterator[None]:
    """Let a step that nobody records give the states it is given, whose shapes its results have."""
    with contextlib.ExitStack() as undone:
        for name, states in CELLS.items():
            cell = getattr(decompositions, name, None)
            if cell is not None:
                undone.callback(setattr, decompositions, name, cell)
                setattr(decompositions, name, _spared(cell, states))
        yield


def _spared(cell: Callable[..., Any], states: int) -> Callable[..., Any]:
    def step(*given: Any, **options: Any) -> Any:
        shapes_only = isinstance(given[1], FakeTensor) and get_proxy_mode() is None
        if not shapes_only:
            return cell(*given, **options)
        return given[1] if states == 1 else given[1 : 1 + states]

    return step
