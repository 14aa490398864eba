"""Writes figures as terminal and page show them."""

from __future__ import annotations

MOST_DIGITS = 12


def written(value: float | None, unit: str, more: int = 0) -> str:
    """Write a value with its unit, and with some more digits than usual."""
    if value is None:
        return "not measured"
    if unit == "bytes":
        size, prefix = (value / 1e6, "M") if value >= 1e5 else (value / 1e3, "k")
        return f"{size:.{3 + more}f} {prefix}B"
    if unit == "fraction":
        return _zero_unsigned(f"{value:.{4 + more}f}")
    if unit == "ratio":
        return f"{value:.{3 + more}f} × float"
    if unit == "ms":
        return milliseconds(value, more)
    if unit == "qps":
        return f"{value:.{1 + more}f} a second"
    return f"{value:.{4 + more}g} {unit}".rstrip()


def told_apart(value: float, limit: float, unit: str) -> tuple[str, str]:
    """Write two values that differ with as many digits as it takes to see it."""
    pairs = (
        (written(value, unit, more), written(limit, unit, more)) for more in range(MOST_DIGITS)
    )
    return next((pair for pair in pairs if pair[0] != pair[1]), (str(value), str(limit)))


def milliseconds(value: float, more: int = 0) -> str:
    """Write a time; that of a small network keeps its digits."""
    return f"{value:.{2 + more}f} ms" if value >= 1 else f"{value:.{3 + more}g} ms"


def count(number: int, noun: str) -> str:
    """Write a number of things; more than one, or none, take an s."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def threads_of(setting: str) -> str:
    """Write a latency setting such as "threads_2"."""
    return count(int(setting.removeprefix("threads_")), "thread")


def signed(value: float) -> str:
    """Write a drop with its sign; what rounds to zero has none."""
    return _zero_unsigned(f"{value:+.4f}")


def _zero_unsigned(text: str) -> str:
    return text.lstrip("+-") if float(text) == 0 else text
