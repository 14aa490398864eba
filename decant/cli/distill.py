"""`decant distill`: a student under its teacher, and what the teacher is worth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .. import pipeline
from ..errors import UsageError
from ..overrides import parse_overrides
from .options import Json, Model, Out, Set, Verbose
from .session import session
from .train import show_trained

if TYPE_CHECKING:
    from .terminal import Terminal


def distill(
    model: Model,
    teacher: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Teacher's checkpoint; trained first if there is none."),
    ] = None,
    compare: Annotated[
        int | None,
        typer.Option(
            min=2,
            metavar="PAIRS",
            help="Instead, train this many pairs of short runs with and without the teacher, and "
            "show what it adds on the test set.",
        ),
    ] = None,
    qat: Annotated[
        bool,
        typer.Option(
            "--qat",
            help="Instead, train an int8 file under the float file, with the runtime's rounding.",
        ),
    ] = False,
    recipe: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Candidate that --qat trains; the first with integer activations if not given.",
        ),
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Of each short run of --compare, 200 if not given; or of --qat, 600.",
        ),
    ] = None,
    out: Out = None,
    changes: Set = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Train a model's student under its teacher; goes on where an interrupted run stopped."""
    with session("distill", verbose=verbose, as_json=as_json) as terminal:
        overrides = parse_overrides(changes)
        if recipe is not None and not qat:
            raise UsageError("--recipe is for --qat, and names the candidate to train")
        if qat:
            _refuse_others(teacher, compare)
            learned = pipeline.distill_int8(
                model, out, recipe=recipe, steps=steps, overrides=overrides
            )
            terminal.give(learned, _show_int8)
        elif compare is not None:
            size = {"pairs": compare} | ({} if steps is None else {"steps": steps})
            compared = pipeline.compare(model, out, teacher=teacher, overrides=overrides, **size)
            terminal.give(compared, _show_comparison)
        elif steps is not None:
            raise UsageError(
                "--steps is for --compare and --qat; the recipe says how long a training is"
            )
        else:
            trained = pipeline.distill(model, out, teacher=teacher, overrides=overrides)
            terminal.give(trained, show_trained)


def _refuse_others(teacher: Path | None, compare: int | None) -> None:
    """Refuse what is of a network's training beside --qat."""
    for option, value in (("--teacher", teacher), ("--compare", compare)):
        if value is not None:
            raise UsageError(f"{option}: --qat trains under the float file; leave one of them out")


def _show_int8(terminal: Terminal, learned: pipeline.TrainedInt8) -> None:
    report = learned.report
    figures = report["figures"]
    terminal.result(
        f"{learned.folder / report['file']}: {report['snr_before_db']:.1f} dB before, "
        f"{report['snr_after_db']:.1f} dB after, against the float file"
    )
    terminal.result(
        f"{report['metric']} on validation data: {figures['float']:.4f} float, "
        f"{figures['before']:.4f} before, {figures['after']:.4f} after"
    )
    if not report["kept"]:
        terminal.say("note: training made nothing better; the weights are those from before")
    for line in learned.advice:
        terminal.result(line)


def _show_comparison(terminal: Terminal, comparison: pipeline.Comparison) -> None:
    for metric, gain in comparison.gains.items():
        terminal.result(
            f"{metric}: {gain.undistilled:.4f} undistilled, {gain.distilled:.4f} distilled, "
            f"gain {gain.mean_gain:+.4f} (95 % {gain.low:+.4f} to {gain.high:+.4f})"
        )
    terminal.result(f"{comparison.file} has every run")
