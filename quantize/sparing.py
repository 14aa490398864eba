"""Finds the operators that the quantizer fails on, and leaves them float.

The quantizer makes a whole file or none, and its errors seldom name the operator.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any, TypeVar

from decant.errors import InternalError

from .ranges import written_by
from .remedy import exact_patterns
from .transform import ADVICE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from decant.flatbuffer.graph import Graph

    from .recipes import Recipe

Made = TypeVar("Made")

logger = logging.getLogger(__name__)

# Of a file in which more operators fail, something else is wrong.
MOST_SPARED = 3
# Names in a message stand for operators if they are so few.
MOST_NAMED = 4


def sparing(
    graph: Graph, recipe: Recipe, make: Callable[[Recipe], Made]
) -> tuple[Made, Recipe, dict[str, str]]:
    """Make something of a recipe, with those operators kept float on which that fails.

    Args:
        graph: The float graph.
        recipe: Whose groups name no modules.
        make: Raises InternalError where the quantizer, or its process, fails.

    Returns:
        What was made, the recipe that it was made of, and for each operator that it keeps float
        the name of what it writes → why.

    Raises:
        InternalError: It fails even so; as it did at first.
    """
    try:
        return make(recipe), recipe, {}
    except InternalError as error:
        first = error
    logger.info("recipe %s: looking for the operator that fails (%s)", recipe.name, first)
    spared, made = _Search(graph, recipe, make).run(first)
    if made is None:
        raise first
    reasons = {
        written_by(graph, operator): why.split("\n")[0].removesuffix(ADVICE)
        for operator, why in spared
    }
    return made, _keeping(graph, recipe, [operator for operator, _ in spared]), reasons


class _Search:
    """Looks for operators without which a recipe does not fail."""

    def __init__(self, graph: Graph, recipe: Recipe, make: Callable[[Recipe], Any]) -> None:
        self._graph, self._recipe, self._make = graph, recipe, make
        self._asked = [
            each
            for each in graph.operators
            if recipe.scheme_of(graph.kind(each), written_by(graph, each)).name != "float"
        ]
        self._made: Any = None

    def run(self, first: InternalError) -> tuple[list[tuple[Any, str]], Any]:
        """Find them one after another; returns what was made without them, None if nothing was.

        Of what is asked for in the file's order, the shortest beginning that fails ends in an
        operator that is to be spared. It is found by halving, so that each takes as many files as
        the number of operators has binary digits.
        """
        named = self._named(str(first))
        if named and self._fails(self._without(named)) is None:
            return [(each, str(first)) for each in named], self._made
        if self._fails([]) is not None:
            return [], None
        spared: list[tuple[Any, str]] = []
        error: InternalError | None = first
        works = 0
        while error is not None and len(spared) < MOST_SPARED:
            left = self._without([operator for operator, _ in spared])
            works, why = self._longest_that_works(left, works, error)
            spared.append((left[works], why))
            error = self._fails(self._without([operator for operator, _ in spared]))
        return spared, None if error else self._made

    def _longest_that_works(
        self, asked: Sequence[Any], works: int, error: InternalError
    ) -> tuple[int, str]:
        """Give the most operators from the first on that do not fail, and how one more does."""
        fails, reason = len(asked), str(error)
        while fails - works > 1:
            middle = (works + fails) // 2
            found = self._fails(asked[:middle])
            if found is None:
                works = middle
            else:
                fails, reason = middle, str(found)
        return works, reason

    def _fails(self, asked: Sequence[Any]) -> InternalError | None:
        """Say how it fails if only some operators take their scheme."""
        wanted = {id(each) for each in asked}
        others = [each for each in self._asked if id(each) not in wanted]
        try:
            self._made = self._make(_keeping(self._graph, self._recipe, others))
        except InternalError as error:
            return error
        return None

    def _without(self, spared: Sequence[Any]) -> list[Any]:
        left_out = {id(each) for each in spared}
        return [each for each in self._asked if id(each) not in left_out]

    def _named(self, message: str) -> list[Any]:
        """List the operators that write what a message names, if they are few."""
        names = ([self._graph.name(int(tensor)) for tensor in each.outputs] for each in self._asked)
        found = [
            each
            for each, written in zip(self._asked, names, strict=True)
            if any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", message) for name in written)
        ]
        return found if len(found) <= MOST_NAMED else []


def _keeping(graph: Graph, recipe: Recipe, operators: Sequence[Any]) -> Recipe:
    """Give a recipe that keeps some operators float, too."""
    if not operators:
        return recipe
    added = exact_patterns(graph, operators)
    return recipe.model_copy(update={"keep_float": (*recipe.keep_float, *added)})
