"""Spoils a JSON document at one random place."""

from __future__ import annotations

import copy
import json

WORDS = (
    *("", "§", "cpu", "nhwc", "../model.tflite", "0" * 64, "bilinear", "float64"),
    *("a\0b", "ä" * 128, "b" * 255),
)
NUMBERS = (0, -1, 1, 2, 7, 255, 256, 0.5, -0.25, 1e9, 1e300)
OTHERS = (None, True, False, [], {}, [1], {"x": 1}, "2", 2, 2.0)
STAY = 0.2


def mutant(document, random):
    """Give the text of a spoiled copy, and what was done where: ("delete", "image.rule.mean")."""
    kind = random.choice(("delete", "type", "value", "add", "cut"))
    if kind == "cut":
        text = json.dumps(document)
        length = random.randrange(len(text))
        return text[:length], (kind, str(length))
    spoiled = copy.deepcopy(document)
    holder, key, path = place(spoiled, random)
    if kind == "add":
        add(holder[key] if isinstance(holder[key], dict | list) else holder, random)
    elif kind == "delete":
        del holder[key]
    else:
        holder[key] = other(holder[key], kind, random)
    return json.dumps(spoiled), (kind, path)


def add(container, random):
    """Add something that nobody asked for."""
    if isinstance(container, dict):
        container[f"extra_{random.randrange(100)}"] = random.choice(OTHERS)
    else:
        container.append(random.choice(OTHERS))


def place(document, random):
    """Choose a value as (holder, key, path), every branch of the document as likely as the next."""
    path = []
    holder, value = None, document
    while isinstance(value, dict | list) and value and (not path or random.random() > STAY):
        holder = value
        path.append(random.choice([*holder] if isinstance(holder, dict) else range(len(holder))))
        value = holder[path[-1]]
    return holder, path[-1], ".".join(map(str, path))


def other(value, kind, random):
    """Give another value than this, of another type or of the same."""
    if kind == "type":
        choices = [each for each in OTHERS if type(each) is not type(value)]
    elif isinstance(value, str):
        choices = WORDS
    elif isinstance(value, bool):
        choices = [not value]
    elif isinstance(value, int | float):
        choices = [*NUMBERS, value + 1]
    elif isinstance(value, list):
        choices = [value[1:], [*value, *value[:1]], value[::-1]]
    else:
        choices = [{}, None]
    return random.choice([each for each in choices if each != value] or OTHERS)
