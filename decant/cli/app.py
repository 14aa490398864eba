"""The commands and their options; what they do is imported when it is asked for."""

from __future__ import annotations

import importlib
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from .. import __version__
from ..errors import UsageError
from .session import session

SHORT_STEPS = 200

app = typer.Typer(
    help="Takes a PyTorch model to a phone: convert, quantize, distil, measure, gate.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class Layout(StrEnum):
    """Axis order of inputs and outputs in the converted file."""

    NHWC = "nhwc"
    KEEP = "keep"


class InputType(StrEnum):
    """What the converted file's inputs take."""

    FLOAT32 = "float32"
    UINT8 = "uint8"


class Role(StrEnum):
    """Which of a recipe's networks is trained."""

    STUDENT = "student"
    TEACHER = "teacher"


Model = Annotated[
    str, typer.Argument(metavar="MODEL", help="A zoo model's name or a path to a model.toml.")
]
Out = Annotated[
    Path | None, typer.Option("--out", "-o", help="Folder to write; build/NAME if not given.")
]
OutOfStep = Annotated[
    Path | None,
    typer.Option("--out", "-o", help="Folder to write; build/NAME/COMMAND if not given."),
]
Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="Show what the libraries print as well.")
]


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


@app.command()
def tflite(model: Model, out: Out = None, verbose: Verbose = False) -> None:
    """Go the whole way: export, convert, quantize, measure, choose, report."""
    with session(verbose=verbose) as terminal:
        _command("pipeline").run(terminal, model, out)


@app.command()
def convert(
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="A model, a .onnx or a .pt2 file.")
    ],
    out: OutOfStep = None,
    input_layout: Annotated[Layout, typer.Option(help="Axis order of inputs.")] = Layout.NHWC,
    output_layout: Annotated[Layout, typer.Option(help="Axis order of outputs.")] = Layout.NHWC,
    input_dtype: Annotated[
        InputType | None,
        typer.Option(help="uint8 takes raw camera pixels; float32 unless a spec says otherwise."),
    ] = None,
    inputs: Annotated[
        Path | None, typer.Option(help="An .npz of inputs to verify with, by ONNX name.")
    ] = None,
    tolerance: Annotated[
        float, typer.Option(min=0, help="Relative error that is still called equal.")
    ] = 1e-4,
    rewrite: Annotated[
        list[str] | None, typer.Option(help="Also apply this bounded rewrite; may be repeated.")
    ] = None,
    operators: Annotated[
        list[Path] | None, typer.Option(help="Python file with lowerings of your own operators.")
    ] = None,
    allow_flex: Annotated[
        bool, typer.Option(help="Allow TensorFlow ops that need the Flex delegate.")
    ] = False,
    verbose: Verbose = False,
) -> None:
    """Convert a model to a verified float .tflite."""
    options: dict[str, Any] = {
        "input_layout": input_layout.value,
        "output_layout": output_layout.value,
        "tolerance": tolerance,
        "allow_flex": allow_flex,
        "rewrites": tuple(rewrite or ()),
    }
    if input_dtype is not None:
        options["input_dtype"] = input_dtype.value
    if operators:
        options["operators"] = tuple(operators)
    with session(verbose=verbose) as terminal:
        _command("files").convert(terminal, source, out, inputs, options)


@app.command()
def quantize(
    source: Annotated[
        str,
        typer.Argument(metavar="SOURCE", help="A model, or a .onnx, .pt2 or float .tflite file."),
    ],
    out: OutOfStep = None,
    calibration: Annotated[
        Path | None,
        typer.Option(help="An .npz of inputs by ONNX name; a model's spec names its own."),
    ] = None,
    recipe: Annotated[
        Path | None,
        typer.Option(help="The recipe.json of an earlier run: the same files, no calibration."),
    ] = None,
    verbose: Verbose = False,
) -> None:
    """Make the float16, dynamic int8 and static int8 candidates of a model."""
    with session(verbose=verbose) as terminal:
        _command("files").quantize(terminal, source, out, calibration, recipe)


@app.command()
def train(
    model: Model,
    role: Annotated[Role, typer.Option(help="Which network to train.")] = Role.STUDENT,
    out: Out = None,
    verbose: Verbose = False,
) -> None:
    """Train a model by its spec's recipe; goes on where an interrupted run stopped."""
    with session(verbose=verbose) as terminal:
        _command("training").train(terminal, model, role.value, out)


@app.command()
def distill(
    model: Model,
    teacher: Annotated[
        Path | None, typer.Option(help="Teacher's checkpoint; trained first if there is none.")
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
    steps: Annotated[
        int | None, typer.Option(min=1, help="Of each short run of --compare; 200 if not given.")
    ] = None,
    out: Out = None,
    verbose: Verbose = False,
) -> None:
    """Train a model's student under its teacher; goes on where an interrupted run stopped."""
    with session(verbose=verbose) as terminal:
        if compare is not None:
            size = (compare, steps or SHORT_STEPS)
            _command("comparison").compare(terminal, model, teacher, out, size)
        elif steps is not None:
            raise UsageError("--steps is for --compare; the recipe says how long a training is")
        else:
            _command("training").distill(terminal, model, teacher, out)


@app.command()
def bench(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="A model, or a .tflite file.")],
    out: Out = None,
    threads: Annotated[
        list[int] | None, typer.Option(min=1, help="Threads to time with; may be repeated.")
    ] = None,
    verbose: Verbose = False,
) -> None:
    """Measure size, latency and memory, and for a model accuracy and its drop as well."""
    with session(verbose=verbose) as terminal:
        _command("models").bench(terminal, source, out, tuple(threads or ()))


@app.command()
def gate(
    model: Model,
    baseline: Annotated[
        Path | None, typer.Option(help="Report to compare with; the spec's if not given.")
    ] = None,
    out: Out = None,
    verbose: Verbose = False,
) -> None:
    """Check a model's report against its requirements and a baseline; exit 1 is a no."""
    with session(verbose=verbose) as terminal:
        _command("models").gate(terminal, model, baseline, out)


@app.command()
def report(model: Model, out: Out = None, verbose: Verbose = False) -> None:
    """Draw report.html from what was measured."""
    with session(verbose=verbose) as terminal:
        _command("models").report(terminal, model, out)


@app.command()
def doctor() -> None:
    """Show versions, the processor, and what is missing."""
    with session() as terminal:
        _command("doctor").show(terminal)


def _command(module: str) -> Any:
    """Import what carries out a command."""
    return importlib.import_module(f"decant.cli.{module}")
