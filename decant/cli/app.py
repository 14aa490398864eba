"""All commands."""

from __future__ import annotations

from typing import Annotated

import typer

from .. import __version__
from .arguments import Commands
from .bench import bench
from .bundle import bundle
from .convert import convert
from .demo import demo
from .distill import distill
from .doctor import doctor
from .feedback import feedback
from .gate import gate
from .init import init
from .lint import lint
from .ops import ops
from .quantize import quantize
from .report import report
from .tflite import tflite
from .train import train

# In the order that one comes to need them.
COMMANDS = (
    *(init, ops, tflite, convert, lint, quantize, train, distill, bench, gate, report, demo),
    bundle,
    doctor,
)

app = typer.Typer(
    cls=Commands,
    help="Takes a PyTorch model to a phone: convert, quantize, distil, measure, gate.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in COMMANDS:
    app.command()(command)
app.add_typer(feedback, name="feedback")


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"decant {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    pass
