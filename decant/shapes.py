"""Sizes that are asked for where a model leaves them free: `--shape NAME=1,3,480,640`."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, TypeAlias

from .errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .free_sizes import Shape

AskedShapes: TypeAlias = "Mapping[str, Shape]"
"""Input name → sizes in ONNX axis order; None, -1 and "?" stay as free as the model has them."""

AskedSignatures: TypeAlias = "Mapping[str, AskedShapes]"
"""Signature → its shapes."""

FixedShape: TypeAlias = "tuple[int | None, ...]"
"""Sizes in ONNX axis order; None stays free."""

FREE = (None, -1, "?", "-1")
FORM = (
    "write NAME=SIZES, the sizes in ONNX axis order, such as image=1,3,480,640; ? leaves one as "
    "free as it is in the model"
)

SIGNATURE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
SIGNATURE_NAME_TEXT = "letters, digits and _, a letter first"
SIGNATURE_FORM = "write SIGNATURE:NAME=SIZES, such as small:image=1,3,240,320"


def parse_shapes(texts: Iterable[str] | None) -> dict[str, FixedShape]:
    """Read `NAME=SIZES`s.

    >>> parse_shapes(["image=1,3,480,640", "mask=?,480,640"])
    {'image': (1, 3, 480, 640), 'mask': (None, 480, 640)}

    Raises:
        UsageError: If one is of another form, or two are of one name.
    """
    found: dict[str, FixedShape] = {}
    for text in texts or ():
        name, _, listed = text.rpartition("=")
        if not name:
            raise UsageError(f"--shape {shlex.quote(text)}: names no input; {FORM}")
        if name in found:
            raise UsageError(
                f"--shape {shlex.quote(text)}: {name} is given twice; leave one out, or give each a"
                f" signature of one file: decant convert with --signature NAME:{shlex.quote(text)}"
            )
        found[name] = _read(name, _sizes(listed))
    return found


def parse_signatures(texts: Iterable[str] | None) -> dict[str, dict[str, FixedShape]]:
    """Read `SIGNATURE:NAME=SIZES`s; a signature of several inputs comes several times.

    >>> parse_signatures(["small:image=1,3,240,320", "large:image=1,3,480,640"])
    {'small': {'image': (1, 3, 240, 320)}, 'large': {'image': (1, 3, 480, 640)}}

    Raises:
        UsageError: If one is of another form, or two are of one input of one signature.
    """
    found: dict[str, dict[str, FixedShape]] = {}
    for text in texts or ():
        signature, _, shape = text.partition(":")
        name, _, listed = shape.rpartition("=")
        if not signature or not name or "=" in signature:
            raise UsageError(
                f"--signature {shlex.quote(text)}: names no signature and input; {SIGNATURE_FORM}"
            )
        shapes = found.setdefault(signature, {})
        if name in shapes:
            raise UsageError(
                f"--signature {shlex.quote(text)}: {name} of {signature} is given twice; leave one"
                " out, or give it another signature"
            )
        shapes[name] = _read(name, _sizes(listed), signature)
    return found


def _sizes(listed: str) -> list[str]:
    return [size.strip() for size in listed.split(",")]


def _read(name: str, given: Shape, signature: str = "") -> FixedShape:
    """Read the sizes that are asked for of an input, of one signature if it is named."""
    wrong = [size for size in given if size not in FREE and not _is_size(size)]
    if wrong:
        raise UsageError(
            f"{options_of({name: given}, signature)}: {wrong[0]!r} is no size of 1 or more; {FORM}"
        )
    return tuple(None if size in FREE else int(str(size)) for size in given)


def _is_size(size: int | str | None) -> bool:
    return re.fullmatch(r"[1-9]\d*", str(size), re.ASCII) is not None


def options_of(shapes: AskedShapes, signature: str = "") -> str:
    """Write shapes as the options that they are on a command line, of one signature if it is named.

    >>> options_of({"image": (None, 3, 480, 640), "n": (7,)})
    "--shape 'image=?,3,480,640' --shape n=7"
    >>> options_of({"image": (1, 3, 480, 640)}, "large")
    '--signature large:image=1,3,480,640'
    """
    option, prefix = ("--signature", f"{signature}:") if signature else ("--shape", "")
    texts = {
        name: f"{prefix}{name}={','.join('?' if size in FREE else str(size) for size in shape)}"
        for name, shape in shapes.items()
    }
    return " ".join(f"{option} {shlex.quote(text)}" for text in texts.values())


def without_shape(name: str) -> str:
    """Say what to do about an input of which the model does not even state how many axes it has.

    >>> without_shape("image")
    'input image has no shape; give all of its sizes, such as --shape image=1,3,480,640'
    """
    example = options_of({name: (1, 3, 480, 640)})
    return f"input {name} has no shape; give all of its sizes, such as {example}"


def fixed(shapes: AskedShapes, stated: Mapping[str, Shape]) -> dict[str, FixedShape]:
    """Fix the sizes that are asked for, and those of the same name with them.

    Args:
        shapes: What is asked for.
        stated: What the model says of each of its inputs.

    Returns:
        The inputs of which a free size becomes a number, each with all of its sizes.

    Raises:
        UsageError: If no input is called so, or a shape does not fit it.
    """
    asked = {name: _read(name, shape) for name, shape in shapes.items()}
    numbers: dict[str, int] = {}
    for name, shape in asked.items():
        _check(name, shape, stated)
        _bind(name, shape, stated[name], numbers)
    found = {}
    for name, own in stated.items():
        wanted = asked.get(name, (None,) * len(own))
        found[name] = tuple(
            numbers.get(old) if size is None and isinstance(old, str) else size
            for size, old in zip(_stated_first(own, wanted), own, strict=True)
        )
    return {name: shape for name, shape in found.items() if shape != _numbers(stated[name])}


def _check(name: str, shape: FixedShape, stated: Mapping[str, Shape]) -> None:
    from .tensors import fits, sizes  # which imports NumPy: no command starts with that

    option = options_of({name: shape})
    if name not in stated:
        raise UsageError(f"{option}: no input is called {name}; give one of {', '.join(stated)}")
    own = _numbers(stated[name])
    if not fits(shape, own):
        raise UsageError(
            f"{option}: the model's {name} is {sizes(own)}; give as many sizes, and other numbers "
            "only where it has a question mark"
        )


def _bind(name: str, shape: FixedShape, stated: Shape, numbers: dict[str, int]) -> None:
    """Take note of the numbers that names of free sizes get."""
    for size, old in zip(shape, stated, strict=True):
        if size is not None and isinstance(old, str) and numbers.setdefault(old, size) != size:
            raise UsageError(
                f"{options_of({name: shape})}: the model's size {old} cannot be both "
                f"{numbers[old]} and {size}; give one of them everywhere"
            )


def _stated_first(stated: Shape, asked: FixedShape) -> FixedShape:
    """The sizes that the model states, and in place of free ones those that are asked for."""
    pairs = zip(stated, asked, strict=True)
    return tuple(old if isinstance(old, int) else size for old, size in pairs)


def _numbers(stated: Shape) -> FixedShape:
    return tuple(size if isinstance(size, int) else None for size in stated)
