"""`decant train`: a network by its spec's recipe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from .. import pipeline
from ..overrides import parse_overrides
from .options import Json, Model, Out, Role, Set, Verbose
from .session import session

if TYPE_CHECKING:
    from .terminal import Terminal


def train(
    model: Model,
    role: Annotated[Role, typer.Option(help="Which network to train.")] = Role.STUDENT,
    out: Out = None,
    changes: Set = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Train a model by its spec's recipe; goes on where an interrupted run stopped."""
    with session("train", verbose=verbose, as_json=as_json) as terminal:
        trained = pipeline.train(model, role.value, out, overrides=parse_overrides(changes))
        terminal.give(trained, show_trained)


def show_trained(terminal: Terminal, trained: pipeline.Trained) -> None:
    """Print where the weights are, how good they are, and how to use them."""
    figures = "  ".join(f"{name} {value:.4f}" for name, value in trained.figures.items())
    terminal.result(f"{trained.checkpoint}: {figures}")
    for line in () if trained.swap is None else trained.swap.lines():
        terminal.result(line)
    if trained.replaced:
        terminal.say(
            f"note: {trained.checkpoint} held other weights until now; `decant train` and `decant"
            " distill` both write it, so copy elsewhere what you want to keep"
        )
    terminal.result(trained.advice)
