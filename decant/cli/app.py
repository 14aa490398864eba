"""The commands and their options; what they do is imported when it is asked for."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Annotated, Any

import typer

from .. import __version__
from ..errors import UsageError
from .options import (
    Bundled,
    InputType,
    Layout,
    Model,
    Out,
    OutOfBench,
    OutOfReport,
    OutOfStep,
    Role,
    Verbose,
)
from .session import session

SHORT_STEPS = 200

app = typer.Typer(
    help="Takes a PyTorch model to a phone: convert, quantize, distil, measure, gate.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
feedback = typer.Typer(
    help="Take in what users of the app say of the model's answers.", no_args_is_help=True
)
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
    input_layout: Annotated[
        Layout,
        typer.Option(help="Of inputs: nhwc moves the channels last, keep leaves the axes alone."),
    ] = Layout.NHWC,
    output_layout: Annotated[Layout, typer.Option(help="Likewise, of outputs.")] = Layout.NHWC,
    input_dtype: Annotated[
        InputType | None,
        typer.Option(help="uint8 takes raw camera pixels; float32 unless a spec says otherwise."),
    ] = None,
    inputs: Annotated[
        Path | None,
        typer.Option(
            metavar="X.npz",
            help="Inputs to verify with, by ONNX name; a spec's photos, or noise for a file, if"
            " not given.",
        ),
    ] = None,
    tolerance: Annotated[
        float,
        typer.Option(min=0, metavar="X", help="Relative error that is still called equal."),
    ] = 1e-4,
    operators: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE.py",
            help="Operators file: lowerings of your own ops (see the README); may be repeated.",
        ),
    ] = None,
    allow_flex: Annotated[
        bool,
        typer.Option(
            "--allow-flex", help="Allow TensorFlow ops, which need a runtime with Flex, to stay."
        ),
    ] = False,
    verbose: Verbose = False,
) -> None:
    """Convert a model to a verified float .tflite."""
    options: dict[str, Any] = {
        "input_layout": input_layout.value,
        "output_layout": output_layout.value,
        "tolerance": tolerance,
        "allow_flex": allow_flex,
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
        typer.Option(
            metavar="X.npz",
            help="Inputs by ONNX name and in ONNX axis order, a hundred or so; a spec names its"
            " own. Every fourth is held out to measure on. Without it, a file becomes float16 and"
            " dynamic int8 only.",
        ),
    ] = None,
    recipe: Annotated[
        Path | None,
        typer.Option(
            metavar="recipe.json",
            help="That of an earlier run: the same files, no calibration.",
        ),
    ] = None,
    verbose: Verbose = False,
) -> None:
    """Make the float16, dynamic int8 and, with calibration, static int8 candidates of a model."""
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
    steps: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Of each short run of --compare; 200 if not given."),
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
    out: OutOfBench = None,
    threads: Annotated[
        list[int] | None,
        typer.Option(min=1, metavar="N", help="Threads to time with; may be repeated."),
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
        Path | None,
        typer.Option(
            metavar="report.json", help="Report to compare with; the spec's if not given."
        ),
    ] = None,
    out: OutOfReport = None,
    verbose: Verbose = False,
) -> None:
    """Check a model's report against its requirements and a baseline; exit 1 is a no."""
    with session(verbose=verbose) as terminal:
        _command("models").gate(terminal, model, baseline, out)


@app.command()
def report(model: Model, out: OutOfReport = None, verbose: Verbose = False) -> None:
    """Draw report.html from what was measured."""
    with session(verbose=verbose) as terminal:
        _command("models").report(terminal, model, out)


@app.command()
def demo(
    model: Bundled,
    port: Annotated[
        int, typer.Option(min=0, max=65535, metavar="N", help="To serve; 0 for any that is free.")
    ] = 8765,
    lan: Annotated[
        bool, typer.Option("--lan", help="Serve the local network too, not this machine alone.")
    ] = False,
    verbose: Verbose = False,
) -> None:
    """Serve a page that runs a model's files in the browser, on photos and the camera."""
    with session(verbose=verbose) as terminal:
        _command("demo").serve(terminal, model, port, lan=lan)


@app.command()
def bundle(
    model: Bundled,
    folder: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="New, empty, or an earlier bundle, which is replaced."),
    ],
    verbose: Verbose = False,
) -> None:
    """Copy what an app ships: the model files, their sidecar, and the golden example."""
    with session(verbose=verbose) as terminal:
        _command("bundle").copy(terminal, model, folder)


@feedback.command("import")
def feedback_import(
    archives: Annotated[
        list[Path], typer.Argument(metavar="FILE.zip", help="What the app exported.")
    ],
    model: Annotated[
        Path | None,
        typer.Option(
            metavar="model.json",
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
    verbose: Verbose = False,
) -> None:
    """Check feedback, and give its statistics and photos to label; a bad file is refused whole."""
    with session(verbose=verbose) as terminal:
        _command("feedback").import_(terminal, archives, model, wordings or [], out)


@app.command()
def doctor() -> None:
    """Show versions, the processor, and what is missing."""
    with session() as terminal:
        _command("doctor").show(terminal)


def _command(module: str) -> Any:
    """Import what carries out a command."""
    return importlib.import_module(f"decant.cli.{module}")
