"""Finds candidates in a report of `decant.quantize`."""


def named(report, name):
    return next(candidate for candidate in report.candidates if candidate.name == name)
