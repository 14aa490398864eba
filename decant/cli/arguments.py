"""Answers arguments that make no command in the form that was asked for."""

from __future__ import annotations

import contextlib
import itertools
import signal
import sys
from typing import TYPE_CHECKING, Any

from typer.core import TyperGroup
from typer.exceptions import TyperException

from ..interrupts import Terminated
from .terminal import SIGNALLED, Reply, silence

if TYPE_CHECKING:
    from collections.abc import Iterator

JSON = "--json"


class Commands(TyperGroup):
    """The commands; what is wrong with their arguments is an object on stdout, too, if wanted."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take note of the arguments before they are read one by one.

        Raises:
            TyperException: If those before the command's name are wrong.
        """
        given = itertools.takewhile(lambda each: each != "--", args)
        ctx.meta[JSON] = JSON in given
        with _answered(ctx):
            return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command that the arguments name.

        Raises:
            TyperException: If they name none, or do not fit it.
        """
        with _answered(ctx):
            return super().invoke(ctx)


@contextlib.contextmanager
def _answered(ctx: Any) -> Iterator[None]:
    """Print the object for arguments that are wrong, if one is wanted.

    Raises:
        Terminated: If nobody reads what is printed, as behind `| true`.
    """
    try:
        yield
    except TyperException as error:
        if ctx.meta[JSON]:
            _, *words = (getattr(error, "ctx", None) or ctx).command_path.split()
            reply = Reply(" ".join(words) or None)
            reply.send(sys.stdout, error.exit_code, error.format_message())
        raise
    except (BrokenPipeError, SystemExit) as error:
        # Rich, which prints the help, makes an exit of its own of it.
        if not isinstance(error.__context__ or error, BrokenPipeError):
            raise
        silence(sys.stdout)
        raise Terminated(SIGNALLED + signal.SIGPIPE) from None
