"""`ops`: which operators are converted, and which of a file's nodes are in the way."""

from __future__ import annotations

import contextlib
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..artifacts import scratch_folder, write_bytes
from ..isolation import run_isolated
from ..source import find_source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from decant.convert.build import Request
    from decant.convert.support import Support

    from ..graph.rewrite import Rewrite
    from ..paths import AnyPath
    from ..shapes import AskedShapes
    from .documents.operators import OperatorsDocument


@dataclass(frozen=True, slots=True)
class Operators:
    """What is converted.

    Attributes:
        operators: How each is, by name.
        rewrites: In the order in which they are tried.
        nodes: Operator → how many nodes a file has; None where none was asked about.
        refusal: Why that file is refused, with every node that is in the way; "" if nothing is.
    """

    operators: tuple[Support, ...]
    rewrites: tuple[Rewrite, ...]
    nodes: Mapping[str, int] | None = None
    refusal: str = ""

    def document(self) -> OperatorsDocument:
        """Write it as `--json` does."""
        from .documents.operators import OperatorDocument, OperatorsDocument, RewriteDocument

        return OperatorsDocument(
            operators=tuple(
                OperatorDocument(
                    name=each.name,
                    versions=each.versions,
                    way=each.way,
                    how=each.how,
                    nodes=None if self.nodes is None else self.nodes[each.name],
                )
                for each in self.operators
            ),
            rewrites=tuple(
                RewriteDocument(
                    name=each.name,
                    accuracy=each.accuracy,
                    operators=each.operators,
                    description=each.description,
                )
                for each in self.rewrites
            ),
            refusal=self.refusal or None,
        )


def ops(
    source: AnyPath | None = None,
    *,
    shapes: AskedShapes | None = None,
    operators: Sequence[AnyPath] = (),
) -> Operators:
    """Say which operators are converted and how, of all or of a file's.

    A file's graph is rewritten and emitted, but neither converted nor run, so the answer is there
    in seconds.

    Args:
        source: An `.onnx`; all operators that are known if None.
        shapes: See `ConvertOptions`.
        operators: Python files with lowerings and rewrites of the user's own.

    Raises:
        DataError: If a file is missing or damaged.
        SpecError: If an operators file raises anything when it is run.
        UsageError: If the source is no `.onnx`, or a shape does not fit it.
    """
    from decant.convert.operators_files import rewrites_with
    from decant.convert.support import NONE, Support, counted, refusal, supported

    files = tuple(Path(file).resolve() for file in operators)
    every = supported(files)
    rewrites = tuple(rewrites_with(files))
    if source is None:
        return Operators(every, rewrites)
    with _as_converted(find_source(source, "onnx").path) as path:
        request = _request(path, shapes, files)
        nodes = counted(request)
        known = {each.name: each for each in every}
        used = tuple(known.get(name, Support(name, (), "none", NONE)) for name in nodes)
        return Operators(used, rewrites, nodes, run_isolated(refusal, request))


@contextlib.contextmanager
def _as_converted(path: Path) -> Iterator[Path]:
    """Give the file that a conversion of this one takes: a classifier's says numbers."""
    from ..graph.spoken import in_numbers

    found = in_numbers(path)
    if found is None:
        yield path
        return
    with scratch_folder("decant-ops-") as folder:
        numbers = folder / path.name
        write_bytes(numbers, found[0].SerializeToString(deterministic=True))
        yield numbers


def _request(path: Path, shapes: AskedShapes | None, files: tuple[Path, ...]) -> Request:
    """Say what would be built; nothing is written."""
    from decant.convert.build import Request

    from ..graph.load import load, stated_shapes
    from ..shapes import fixed

    asked = fixed(shapes or {}, stated_shapes(load(path).graph.inputs, shapes))
    return Request(path.resolve(), Path(tempfile.gettempdir()), shapes=asked, operators=files)
