"""More families of archives that must be refused: of consents and times, which join the others'."""

from feedback_archives import CREATED, manifest, members_of, write_zip
from hostile_archives import family, parts, spoiled_record

# None of them an instant in UTC, though one reader or another takes some.
NO_INSTANTS = {
    "another zone": ["2026-11-01T10:00:00+09:00", "2026-11-01T10:00:00+00:00", "2026-11-01T10:00Z"],
    "no zone": ["2026-11-01T10:00:00", "2026-11-01", "20261101T100000Z", "2026-W44-7T10:00:00Z"],
    "no such day": ["2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-11-31T00:00:00Z"],
    "no such second": ["2026-06-30T23:59:60Z", "2026-11-01T24:00:01Z", "2026-11-01T10:60:00Z"],
    "negative": ["-2026-11-01T10:00:00Z", "-001-01-01T00:00:00Z", "0000-01-01T00:00:00Z"],
    "too far": ["10000-01-01T00:00:00Z", "+12026-11-01T10:00:00Z"],
    "other signs": [
        "2026-11-01t10:00:00z",
        "2026-11-01 10:00:00Z",
        "\uff12026-11-01T10:00:00Z",
    ],
    "around it": [" 2026-11-01T10:00:00Z", "2026-11-01T10:00:00Z\n", "2026-11-01T10:00:00Z\0"],
    "words": ["yesterday", "now", "", "\x1b[2J", "NaN", "9" * 5000],
    "no text": [0, -1, 1.79e9, 1e400, None, True, [], {}, ["2026-11-01T10:00:00Z"]],
}


def no_instant(what):
    def spoil(rng, path):
        time = rng.choice(NO_INSTANTS[what])
        place = rng.choice(["kept", "given"])

        def change(each):
            (each if place == "kept" else each["consent"])[place] = time

        return f"{spoiled_record(rng, path, change)}: "

    spoil.__name__ = f"time_{what.replace(' ', '_')}"
    return spoil


for each in NO_INSTANTS:
    family(no_instant(each))


def spoiled_consent(rng, path, **values):
    """Write an archive one consent of which has been changed; returns its record's name."""
    return spoiled_record(rng, path, lambda each: each["consent"].update(values))


@family
def without_consent(rng, path):
    def change(each):
        del each["consent"]

    return f"{spoiled_record(rng, path, change)}: consent is missing"


NO_CONSENTS = [None, True, "yes", 3, [], {}, [{"given": "2026-11-01T10:00:00Z"}], {"given": None}]


@family
def consent_of_another_type(rng, path):
    consent = rng.choice(NO_CONSENTS)
    name = spoiled_record(rng, path, lambda each: each.update(consent=consent))
    return f"{name}: consent"


@family
def wording_of_another_type(rng, path):
    key, values = rng.choice(
        [
            ("text_version", [0, -1, 1.0, "3", True, None, [3], {}, 10**7, 10**40, 1e400]),
            ("text_sha256", ["", "C0" * 32, "c0" * 31, "c0" * 32 + "\n", 3, None, ["c0" * 32]]),
        ]
    )
    return f"{spoiled_consent(rng, path, **{key: rng.choice(values)})}: consent.{key}"


@family
def photo_before_its_consent(rng, path):
    given = rng.choice(["2026-11-20T08:00:00.000001Z", "2026-11-20T08:00:01Z", CREATED])
    name = spoiled_consent(rng, path, given=given)
    return f"{name}: kept = 2026-11-20T08:00:00Z is older than its consent, given {given[:19]}"


@family
def consent_after_the_export(rng, path):
    given = rng.choice(["2026-11-21T09:30:00.126Z", "2027-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])

    def change(each):
        each["consent"]["given"] = given
        each["kept"] = rng.choice([given, each["kept"]])

    name = spoiled_record(rng, path, change)
    return f"{name}: consent.given = {given[:19]}"


@family
def photo_after_the_export(rng, path):
    kept = rng.choice(["2026-11-21T09:30:01Z", "2028-02-29T00:00:00Z", "9999-12-31T23:59:59.999Z"])
    name = spoiled_record(rng, path, lambda each: each.update(kept=kept))
    return f"{name}: kept = {kept[:19]}"


@family
def consent_of_a_clock_never_set(rng, path):
    given = rng.choice(["1970-01-01T00:00:00Z", "2000-02-29T00:00:00Z", "0001-01-01T00:00:00Z"])
    name = spoiled_consent(rng, path, given=given)
    return f"{name}: consent.given = {given} is before there was an app"


@family
def unknown_wording(rng, path):
    digest = rng.randbytes(32).hex()
    name = spoiled_consent(rng, path, text_sha256=digest)
    return f"{name}: consent.text_version = 3 with SHA-256 {digest[:12]}"


@family
def wording_of_another_version(rng, path):
    version = rng.choice([1, 2, 4, 1_000_000])
    name = spoiled_consent(rng, path, text_version=version)
    return f"{name}: consent.text_version = {version}; its text is that of 3"


@family
def archive_of_another_time(rng, path):
    """Neither what a clock that was never set says, nor what one set ahead does."""
    created = rng.choice(["1970-01-01T00:00:00Z", "2026-11-23T00:00:00Z", "9999-12-31T23:59:59Z"])
    members = members_of(parts(rng))
    write_zip(path, members, manifest(members, created))
    return f"manifest.json: created = {created}"


@family
def archive_of_another_schema(rng, path):
    version = rng.choice([0, 1, 3, 10**9])
    members = members_of(parts(rng))
    write_zip(path, members, {**manifest(members), "schema_version": version})
    return f"manifest.json: schema_version = {version}"
