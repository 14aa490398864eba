"""Feedback archives that must be refused, of many families, each drawn with a seeded generator.

A family spoils a right archive in one way, at a place that the generator draws, and returns words
that the refusal must have.
"""

from __future__ import annotations

import copy
import json
import random
import stat
import struct
import warnings
import zipfile

import cv2
import numpy as np
from feedback_archives import (
    HEIGHT,
    WIDTH,
    identifier,
    jpeg,
    manifest,
    members_of,
    record,
    write_zip,
)

FAMILIES = []
NAMES = {
    "leads out": ["../{}", "records/../../{}", "images/..\\..\\{}", "a/../{}", "../../../tmp/{}"],
    "absolute path": ["/tmp/{}", "C:\\{}", "\\\\server\\{}", "//{}", "/etc/{}"],
    "does not belong": ["{}", "images/{}", "records/{}.json", "images/sub/{}.jpg", "manifest.JSON"],
    "not a plain file": ["images/", "records/", "{}/"],
}
ANYTHING = ["evil.sh", "x", "Ω.jpg", "a\nb", "\x1b[2J", "CON", "n" * 300]


def family(spoil):
    FAMILIES.append(spoil)
    return spoil


def parts(rng):
    """Draw the records of a right archive."""
    corrections = [
        {"kind": "delete", "prediction": 0},
        {"kind": "move", "prediction": 1, "quad": [[1, 1], [9, 1], [9, 9], [1, 9]]},
        {"kind": "add", "label": "table", "quad": [[1, 1], [9, 1], [9, 9], [1, 9]]},
        {"kind": "remark", "text": "wrong"},
    ]
    numbers = rng.sample(range(1, 1000), 2)
    return [record(number, *copy.deepcopy(corrections)) for number in numbers]


def some_name(rng, members, start):
    return rng.choice(sorted(name for name in members if name.startswith(start)))


def listed(document, name):
    return next(each for each in document["files"] if each["path"] == name)


def write_raw(path, entries):
    """Write entries (name or ZipInfo, content) as they are."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, content in entries:
            archive.writestr(name, content)


def whole(members):
    return [("manifest.json", json.dumps(manifest(members))), *members.items()]


def raw_info(name):
    """Keep a name as it is; zipfile would cut it at a NUL or turn its separators."""
    info = zipfile.ZipInfo("x")
    info.filename = name
    info.compress_type = zipfile.ZIP_DEFLATED
    return info


def foreign_name(words):
    def spoil(rng, path):
        members = members_of(parts(rng))
        name = rng.choice(NAMES[words]).format(rng.choice(ANYTHING))
        write_raw(path, [*whole(members), (raw_info(name), b"x")])
        return words

    spoil.__name__ = words.replace(" ", "_")
    return spoil


for each in NAMES:
    family(foreign_name(each))


@family
def nul_in_name(rng, path):
    members = members_of(parts(rng))
    name = f"{rng.choice(['images', 'records'])}/{identifier(7)}.jpg\0.sh"
    write_raw(path, [*whole(members), (raw_info(name), b"x")])
    return "does not belong"


@family
def symbolic_link(rng, path):
    members = members_of(parts(rng))
    info = zipfile.ZipInfo(some_name(rng, members, "images/"))
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    members.pop(info.filename)
    write_raw(path, [*whole(members), (info, b"/etc/passwd")])
    return "symbolic link"


@family
def device(rng, path):
    members = members_of(parts(rng))
    info = zipfile.ZipInfo(some_name(rng, members, ""))
    info.external_attr = (rng.choice([stat.S_IFCHR, stat.S_IFIFO, stat.S_IFDIR]) | 0o777) << 16
    members.pop(info.filename)
    write_raw(path, [*whole(members), (info, b"")])
    return "not a plain file"


@family
def twice(rng, path):
    members = members_of(parts(rng))
    name = some_name(rng, {**members, "manifest.json": b""}, "")
    write_raw(path, [*whole(members), (name, rng.randbytes(9))])
    return "occurs twice"


@family
def bomb_by_ratio(rng, path):
    members = members_of(parts(rng))
    members[some_name(rng, members, "")] = bytes(rng.randrange(200_000, 1_900_000))
    write_zip(path, members)
    return "zip bombs"


@family
def bomb_by_size(rng, path):
    members = members_of(parts(rng))
    name = some_name(rng, members, "records/")
    members[name] = rng.randbytes(1000) * rng.randrange(2_001, 2_100)
    write_zip(path, members, compression=zipfile.ZIP_STORED)
    return "are the most"


def patch_directory(path, member, offset, value):
    """Overwrite bytes of a member's entry in the central directory."""
    content = bytearray(path.read_bytes())
    start = struct.unpack_from("<L", content, len(content) - 6)[0]
    at = content.index(member.encode(), start) - 46 + offset
    content[at : at + len(value)] = value
    path.write_bytes(content)


@family
def bomb_by_total(rng, path):
    """Members each small enough that say that they unpack to more than 500 MB together."""
    names = [f"images/{identifier(number)}.jpg" for number in range(27)]
    content = rng.randbytes(105_000)
    write_zip(path, dict.fromkeys(names, content), compression=zipfile.ZIP_STORED)
    for name in names:
        size = rng.randrange(18_600_000, 20_000_000)
        patch_directory(path, name, 24, struct.pack("<L", size))
    return "500,000,000 are the most"


@family
def size_announced_wrong(rng, path):
    """The directory tells of fewer or more bytes than unpack, and so does the manifest."""
    members = members_of(parts(rng))
    name = some_name(rng, members, "")
    document = manifest(members)
    size = len(members[name]) + rng.choice([-1, 1]) * rng.randrange(1, 200)
    listed(document, name)["size_bytes"] = size
    write_zip(path, members, document)
    patch_directory(path, name, 24, struct.pack("<L", size))
    return name


@family
def overlapping(rng, path):
    """Two members point at the same bytes and say that they are many."""
    members = members_of(parts(rng))
    name = some_name(rng, members, "images/")
    write_zip(path, members)
    size = path.stat().st_size
    for offset in (20, 24):
        patch_directory(path, name, offset, struct.pack("<L", size - rng.randrange(40)))
    return "overlap"


@family
def encrypted(rng, path):
    members = members_of(parts(rng))
    write_zip(path, members)
    patch_directory(path, some_name(rng, members, ""), 8, b"\x01\x00")
    return "encrypted"


@family
def other_compression(rng, path):
    members = members_of(parts(rng))
    method = rng.choice([zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
    write_zip(path, members, compression=method)
    return f"compression method = {method}"


@family
def too_many_entries(rng, path):
    entries = ((f"images/{identifier(number)}.jpg", b"") for number in range(4_002))
    write_raw(path, entries)
    return "4,001 are the most"


@family
def comment(rng, path):
    write_zip(path, members_of(parts(rng)))
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = rng.randbytes(rng.randrange(1, 60_000))
    return "no whole zip"


@family
def hidden_before(rng, path):
    write_zip(path, members_of(parts(rng)))
    path.write_bytes(b"#!/bin/sh\n" + rng.randbytes(rng.randrange(100)) + path.read_bytes())
    return "hidden"


@family
def hidden_after(rng, path):
    write_zip(path, members_of(parts(rng)))
    path.write_bytes(path.read_bytes() + b"\1" * rng.randrange(1, 100))
    return "zip"


@family
def zip64(rng, path):
    write_zip(path, members_of(parts(rng)))
    content = path.read_bytes()
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, rng.randrange(2**63), 1)
    path.write_bytes(content[:-22] + locator + content[-22:])
    return "zip64"


@family
def cut_short(rng, path):
    write_zip(path, members_of(parts(rng)))
    content = path.read_bytes()
    path.write_bytes(content[: rng.randrange(len(content))])
    return "zip"


@family
def no_zip(rng, path):
    path.write_bytes(rng.choice([rng.randbytes(500), b"", b"{}", jpeg(1), b"PK\x05\x06"]))
    return "zip"


@family
def packed_bytes_damaged(rng, path):
    members = members_of(parts(rng))
    name = some_name(rng, members, "")
    write_zip(path, members)
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo(name)
    content = bytearray(path.read_bytes())
    start = info.header_offset + 30 + len(name)
    content[start + rng.randrange(info.compress_size)] ^= 1 << rng.randrange(8)
    path.write_bytes(content)
    return name


@family
def manifest_missing(rng, path):
    write_raw(path, members_of(parts(rng)).items())
    return "manifest.json: is missing"


@family
def wrong_hash(rng, path):
    members = members_of(parts(rng))
    name = some_name(rng, members, "")
    document = manifest(members)
    listed(document, name)["sha256"] = rng.randbytes(32).hex()
    write_zip(path, members, document)
    return f"{name}: SHA-256 is"


@family
def wrong_size(rng, path):
    members = members_of(parts(rng))
    name = some_name(rng, members, "")
    document = manifest(members)
    listed(document, name)["size_bytes"] += rng.randrange(1, 1000)
    write_zip(path, members, document)
    return f"{name}: has"


@family
def not_listed(rng, path):
    members = members_of(parts(rng))
    name = some_name(rng, members, "")
    document = manifest({key: value for key, value in members.items() if key != name})
    write_zip(path, members, document)
    return f"{name}: is not in the manifest's files"


@family
def listed_but_gone(rng, path):
    members = members_of(parts(rng))
    document = manifest(members)
    members.pop(some_name(rng, members, ""))
    write_zip(path, members, document)
    return "which is not there"


@family
def listed_twice(rng, path):
    members = members_of(parts(rng))
    document = manifest(members)
    document["files"].append(rng.choice(document["files"]))
    write_zip(path, members, document)
    return "twice"


@family
def photo_without_record(rng, path):
    members = members_of(parts(rng))
    members.pop(some_name(rng, members, "records/"))
    write_zip(path, members)
    return "has no record"


@family
def record_without_photo(rng, path):
    members = members_of(parts(rng))
    members.pop(some_name(rng, members, "images/"))
    write_zip(path, members)
    return "is not the record's photo"


@family
def no_records(rng, path):
    write_zip(path, {})
    return "holds no records"


@family
def unknown_model(rng, path):
    members = members_of(parts(rng))
    document = manifest(members)
    key, value = rng.choice([("sha256", rng.randbytes(32).hex()), ("name", "\x1b[31mother")])
    document["model"][key] = value
    write_zip(path, members, document)
    return "is unknown"


def spoiled_record(rng, path, change):
    """Write an archive one record of which has been changed; returns its name."""
    records = parts(rng)
    victim = rng.choice(records)
    name = f"records/{victim['id']}.json"
    members = members_of(records)
    change(victim)
    members[name] = json.dumps(victim).encode()
    write_zip(path, members)
    return name


@family
def record_of_unknown_model(rng, path):
    digest = rng.randbytes(32).hex()
    spoiled_record(rng, path, lambda each: each.update(model_sha256=digest))
    return "model_sha256"


@family
def record_of_another_name(rng, path):
    records = parts(rng)
    members = members_of(records)
    first, second = (f"records/{each['id']}.json" for each in records)
    members[first], members[second] = members[second], members[first]
    write_zip(path, members)
    return "is another record's"


@family
def photo_of_another(rng, path):
    records = parts(rng)
    members = members_of(records)
    victim, other = rng.sample(records, 2)
    image = rng.choice([other["image"], "../../x.jpg", "/etc/passwd"])
    members[f"records/{victim['id']}.json"] = json.dumps({**victim, "image": image}).encode()
    write_zip(path, members)
    return "is not the record's photo"


@family
def unknown_label(rng, path):
    def change(each):
        rng.choice([each["predictions"][1], each["corrections"][2]])["label"] = "cat\r\n"

    spoiled_record(rng, path, change)
    return "is none of the model's"


@family
def prediction_out_of_range(rng, path):
    def change(each):
        each["corrections"][rng.randrange(2)]["prediction"] = rng.randrange(2, 10**9)

    spoiled_record(rng, path, change)
    return "corrects prediction"


VALUES = [
    (("score",), [-0.1, 1.5, "0.5", None, True, 1e400]),
    (("quad",), [[], [[0, 0]] * 3, [[0, 0]] * 5, [[0, 0, 0]] * 4, "0", [["a", 0]] * 4]),
    (("quad", 2), [[1e7, 0], [0, -1e300], [None, 0], {}, [True, 0]]),
    (("label",), ["", "x" * 300, 5, None, ["formula"]]),
]
TOP = [
    ("image_size", [[0, 64], [96, -1], [96], [96.5, 64], "96x64"]),
    ("id", ["../x", "F" * 32, "0" * 31, 0, "0" * 32 + "\n"]),
    ("accelerator", ["\x1b[2J", "", 3, "CPU"]),
    ("predictions", [{}, None, [None], [[]] * 5, [{}] * 1001]),
    ("corrections", [[{"kind": "shell"}], [{}], [5], [{"kind": "remark", "text": ""}], None]),
    ("times_ms", [{}, [], {"decode": -1}, None]),
]


@family
def ill_typed_prediction(rng, path):
    keys, values = rng.choice(VALUES)

    def change(each):
        place = rng.choice(each["predictions"])
        for key in keys[:-1]:
            place[key] = copy.deepcopy(place[key])
            place = place[key]
        place[keys[-1]] = rng.choice(values)

    return f"{spoiled_record(rng, path, change)}: "


@family
def ill_typed_record(rng, path):
    key, values = rng.choice(TOP)
    return f"{spoiled_record(rng, path, lambda each: each.update({key: rng.choice(values)}))}: "


@family
def ill_typed_time(rng, path):
    def change(each):
        key = rng.choice(sorted(each["times_ms"]))
        each["times_ms"][key] = rng.choice([-1, 1e9, "5", None, float("nan"), float("inf")])

    return f"{spoiled_record(rng, path, change)}: "


def dicts_in(document):
    """List the objects of a JSON document."""
    if isinstance(document, list):
        return [found for each in document for found in dicts_in(each)]
    if isinstance(document, dict):
        return [document, *(found for each in document.values() for found in dicts_in(each))]
    return []


@family
def unknown_key_of_record(rng, path):
    def change(each):
        rng.choice(dicts_in(each))[rng.choice(["extra", "__proto__", "location", ""])] = 1

    return f"{spoiled_record(rng, path, change)}: "


@family
def missing_key_of_record(rng, path):
    def change(each):
        place = rng.choice(dicts_in(each))
        place.pop(rng.choice(sorted(place)))

    return f"{spoiled_record(rng, path, change)}: "


@family
def unknown_key_of_manifest(rng, path):
    members = members_of(parts(rng))
    document = manifest(members)
    rng.choice(dicts_in(document))["gps"] = [37.5, 127.0]
    write_zip(path, members, document)
    return "gps is an unknown key"


@family
def missing_key_of_manifest(rng, path):
    members = members_of(parts(rng))
    document = manifest(members)
    place = rng.choice(dicts_in(document))
    key = rng.choice(sorted(place))
    place.pop(key)
    write_zip(path, members, document)
    return f"{key} is missing"


@family
def ill_valued_manifest(rng, path):
    members = members_of(parts(rng))
    document = manifest(members)
    document.update(
        rng.choice(
            [
                {"schema_version": "2"},
                {"schema_version": True},
                {"schema_version": 2.0},
                {"schema_version": -2},
                {"schema_version": 10**40},
                {"kind": "decant-report"},
                {"consent": {"given": "2026-11-01T10:00:00Z", "text_version": 1}},
                {"created": "2026-11-21"},
                {"created": 1e9},
                {"files": {}},
                {"files": [None] * 9},
            ]
        )
    )
    write_zip(path, members, document)
    return "manifest.json: "


def spoiled_text(rng, text):
    """Make no JSON of a JSON text."""
    return rng.choice(
        [
            text[: rng.randrange(len(text))],
            text + b"]",
            b"\xef\xbb\xbf" + text,
            text.decode().encode("utf-16"),
            text.replace(b'"', b"\xff", 1),
            text.replace(b"{", b'{"id": "x", "id": "x", ', 1),
            text.replace(b": [", b": [NaN, ", 1),
            text.replace(b": [", b": [Infinity, ", 1),
            text.replace(b": [", b": [1" + b"0" * 5000 + b", ", 1),
            text.replace(b'{"', b'{"\\ud800": 1, "', 1),
            b"[" * rng.randrange(1000, 3000),
            rng.randbytes(200),
            b"",
            b"null",
        ]
    )


@family
def malformed_record(rng, path):
    members = members_of(parts(rng))
    name = some_name(rng, members, "records/")
    members[name] = spoiled_text(rng, members[name])
    write_zip(path, members, compression=zipfile.ZIP_STORED)
    return f"{name}: "


@family
def malformed_manifest(rng, path):
    members = members_of(parts(rng))
    content = spoiled_text(rng, json.dumps(manifest(members)).encode())
    write_zip(path, members, content, compression=zipfile.ZIP_STORED)
    return "manifest.json: "


@family
def key_twice(rng, path):
    """The second of two equal keys wins in one reader, the first in another."""
    members = members_of(parts(rng))
    name = some_name(rng, members, "records/")
    key = rng.choice([b"id", b"score", b"label", b"kind", b"inference"])
    members[name] = members[name].replace(b'"%s": ' % key, b'"%s": null, "%s": ' % (key, key))
    write_zip(path, members)
    return "occurs twice"


@family
def no_number(rng, path):
    """JSON has no NaN, though Python's reader takes it."""
    members = members_of(parts(rng))
    name = some_name(rng, members, "records/")
    number = rng.choice([b"NaN", b"Infinity", b"-Infinity"])
    members[name] = members[name].replace(rng.choice([b"0.9", b"0.4", b"40.0", b"3.5"]), number)
    write_zip(path, members)
    return "is no number in JSON"


@family
def nested(rng, path):
    document = rng.choice([b"[", b'{"a":']) * rng.randrange(100_000, 300_000)
    write_zip(path, {}, document, compression=zipfile.ZIP_STORED)
    return "nested too deeply"


def spoiled_photo(rng, path, change):
    """Write an archive one photo of which has been changed; returns its name."""
    members = members_of(parts(rng))
    name = some_name(rng, members, "images/")
    members[name] = change(members[name])
    write_zip(path, members, compression=zipfile.ZIP_STORED)
    return name


def segment(marker, body):
    return bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2, "big") + body


METADATA = {
    "EXIF": (0xE1, b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0"),
    "XMP": (0xE1, b"http://ns.adobe.com/xap/1.0/\0<x/>"),
    "MPF": (0xE2, b"MPF\0"),
    "IPTC": (0xED, b"Photoshop 3.0\0"),
    "comment": (0xFE, b"37.5 N 127.0 E"),
    "ICC profile that is none": (0xE2, b"ICC_PROFILE\0\1\1" + bytes([0, 0, 1, 0]) + bytes(40)),
    "ICC profile and more": (0xE2, b"ICC_PROFILE\0\1\1\0\0\0\x28" + bytes(32) + b"acsp37.5 N"),
    "ICC profile in parts": (0xE2, b"ICC_PROFILE\0\1\2"),
    "APP5": (0xE5, b"anything"),
    "APP0": (0xE0, b"JFXX\0\x10"),
}


def metadata(what):
    def spoil(rng, path):
        marker, body = METADATA[what]
        extra = segment(marker, body + rng.randbytes(rng.randrange(50)))
        # At the start, or just before the tables, as EXIF and XMP come in true files.
        spoiled_photo(
            rng,
            path,
            lambda content: rng.choice(
                [content[:2] + extra + content[2:], content[:20] + extra + content[20:]]
            ),
        )
        return f"holds {'a comment' if what == 'comment' else ''}"

    spoil.__name__ = f"photo_with_{what.replace(' ', '_')}"
    return spoil


for each in METADATA:
    family(metadata(each))


@family
def photo_with_a_tail(rng, path):
    tail = rng.choice([b"PK\x03\x04", jpeg(5), rng.randbytes(40), b"\0"])
    spoiled_photo(rng, path, lambda content: content + tail)
    return "no picture"


@family
def photo_of_another_format(rng, path):
    pixels = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    suffix = rng.choice([".png", ".bmp", ".webp", ".tiff"])
    spoiled_photo(rng, path, lambda _: cv2.imencode(suffix, pixels)[1].tobytes())
    return "is not a JPEG"


@family
def progressive_photo(rng, path):
    pixels = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    flags = [cv2.IMWRITE_JPEG_PROGRESSIVE, 1]
    spoiled_photo(rng, path, lambda _: cv2.imencode(".jpg", pixels, flags)[1].tobytes())
    return "not a baseline JPEG"


@family
def photo_cut_short(rng, path):
    name = spoiled_photo(rng, path, lambda content: content[: rng.randrange(2, len(content) - 2)])
    return f"{name}: is a JPEG cut short"


@family
def photo_of_another_size(rng, path):
    size = rng.choice([(HEIGHT, WIDTH), (WIDTH + 1, HEIGHT), (8, 8)])
    spoiled_photo(rng, path, lambda _: jpeg(3, size=size))
    return "its record says 96×64"


@family
def photo_of_too_many_pixels(rng, path):
    """A small file that says it is 65,000 pixels wide and high, and so does its record."""
    records = parts(rng)
    records[0]["image_size"] = [65_000, 65_000]
    members = members_of(records)
    content = bytearray(members[records[0]["image"]])
    at = content.index(b"\xff\xc0") + 5
    content[at : at + 4] = struct.pack(">HH", 65_000, 65_000)
    members[records[0]["image"]] = bytes(content)
    write_zip(path, members)
    return "64,000,000 are the most"


def write_hostile(spoil, seed, path):
    """Write one archive; returns words that its refusal must have."""
    return spoil(random.Random(f"{spoil.__name__} {seed}"), path)
