"""`decant feedback import`: what users of the app say of the model's answers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .. import pipeline
from ..files import CANDIDATES, FEEDBACK, SIDECAR
from .options import Json, Verbose
from .session import session

UNKNOWN = "unknown"

if TYPE_CHECKING:
    from .terminal import Terminal

feedback = typer.Typer(
    help="Take in what users of the app say of the model's answers.", no_args_is_help=True
)


@feedback.command("import")
def feedback_import(
    archives: Annotated[
        list[Path], typer.Argument(metavar="FILE.zip", help="What the app exported.")
    ],
    model: Annotated[
        Path | None,
        typer.Option(
            metavar=SIDECAR,
            help="Of the release that the app has; the only build/*/model.json if not given.",
        ),
    ] = None,
    wordings: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="consent_wording.json",
            help="Of the app that asked for consent; if not given, android_demo/app's below the "
            "current folder. The page's is known.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="DIR",
            help="Folder to write; if not given, build/NAME/feedback below the current folder.",
        ),
    ] = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Check feedback, and give its statistics and photos to label; a bad file is refused whole."""
    with session("feedback import", verbose=verbose, as_json=as_json) as terminal:
        imported = pipeline.import_feedback(archives, model, out, wordings=wordings or ())
        terminal.give(imported, _show)


def _show(terminal: Terminal, imported: pipeline.Imported) -> None:
    """Print the figures, and where they are."""
    report = imported.report
    statistics = report.statistics
    terminal.result(f"corrected by the user: {statistics.corrected}")
    for kind, rate in statistics.by_kind.items():
        terminal.result(f"  {kind}: {rate}")
    terminal.result(f"shutter to screen: {statistics.shutter_to_screen_ms or UNKNOWN}")
    for name, waiting in statistics.by_file_ms.items():
        terminal.result(f"  {name}: {waiting or UNKNOWN}")
    repeating = sum(each.duplicate_of is not None for each in report.candidates)
    terminal.result(
        f"candidates: {len(report.candidates)} photos, {repeating} nearly repeating another"
    )
    if report.repeated:
        terminal.result(f"records in more than one archive, counted once: {report.repeated}")
    terminal.result(f"{imported.folder / FEEDBACK}")
    terminal.result(f"{imported.folder / CANDIDATES}")
