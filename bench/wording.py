"""Writes figures as terminal and page show them."""

from __future__ import annotations


def written(value: float | None, unit: str) -> str:
    """Write a value with its unit."""
    if value is None:
        return "not measured"
    if unit == "bytes":
        return f"{value / 1e6:.3f} MB" if value >= 1e5 else f"{value / 1e3:.3f} kB"
    if unit == "fraction":
        return f"{value:.4f}"
    if unit == "ratio":
        return f"{value:.3f} × float"
    return milliseconds(value) if unit == "ms" else f"{value:.1f} a second"


def milliseconds(value: float) -> str:
    """Write a time; that of a small network keeps its digits."""
    return f"{value:.2f} ms" if value >= 1 else f"{value:.3g} ms"


def count(number: int, noun: str) -> str:
    """Write a number of things; more than one, or none, take an s."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def threads_of(setting: str) -> str:
    """Write a latency setting such as "threads_2"."""
    return count(int(setting.removeprefix("threads_")), "thread")


def signed(value: float) -> str:
    """Write a drop with its sign; what rounds to zero has none."""
    text = f"{value:+.4f}"
    return text[1:] if float(text) == 0 else text
