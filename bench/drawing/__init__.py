"""Draws a report as `report.html`; nothing that is measured depends on it."""

from .page import page, render, report_lines

__all__ = ["page", "render", "report_lines"]
