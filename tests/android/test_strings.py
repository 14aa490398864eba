"""`check-strings` holds languages and consent together, and says whom users can ask."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path("android_demo")
STRINGS = "app/src/main/res/values/strings.xml"
KOREAN = "app/src/main/res/values-ko/strings.xml"
CONTACT = "app/src/main/res/values/contact.xml"
DIALOG = "app/src/main/kotlin/dev/decant/demo/ConsentDialog.kt"
REGISTER = "app/consent_wording.json"


@pytest.fixture
def copy(tmp_path):
    """Copy the script and what it reads."""
    for name in (STRINGS, KOREAN, CONTACT, DIALOG, REGISTER, "check-strings"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PROJECT / name, tmp_path / name)
    return tmp_path


def change(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def check(folder):
    ended = subprocess.run(
        [sys.executable, folder / "check-strings"], capture_output=True, text=True
    )
    return ended.returncode, ended.stderr


def test_the_strings_are_complete(copy):
    assert check(copy)[0] == 0


@pytest.mark.parametrize("language", [STRINGS, KOREAN], ids=["English", "Korean"])
def test_another_wording_needs_another_version(copy, language):
    change(copy / language, '"feedback_consent_title">', '"feedback_consent_title">!')
    status, said = check(copy)
    assert status == 1
    digest = re.search("[0-9a-f]{64}", said)[0]
    assert "the consent is not wording 2; raise CONSENT_TEXT_VERSION, which is" in said
    register = json.loads((copy / REGISTER).read_text())
    (copy / REGISTER).write_text(json.dumps({**register, "3": digest}))
    change(copy / DIALOG, "CONSENT_TEXT_VERSION = 2", "CONSENT_TEXT_VERSION = 3")
    # A record that named the earlier digest would be of a wording that nobody saw.
    status, said = check(copy)
    assert (status, f"CONSENT_TEXT_SHA256 is not wording 3, which is {digest}" in said) == (1, True)
    change(copy / DIALOG, register["2"], digest)
    assert check(copy)[0] == 0


def test_the_consent_names_the_limits_and_whom_to_ask():
    """All four placeholders, in each language."""
    for language in (STRINGS, KOREAN):
        (text,) = re.findall(
            r'"feedback_consent_text">(.*?)</string>', (PROJECT / language).read_text()
        )
        assert re.findall(r"%\d\$.", text) == ["%1$d", "%2$d", "%3$d", "%4$s"]


def test_that_nobody_is_named_to_ask_is_said(copy):
    assert (
        "warning: feedback_contact in app/src/main/res/values/contact.xml is empty"
        in check(copy)[1]
    )
    change(copy / CONTACT, "></string>", ">Example Ltd., privacy@example.com</string>")
    assert check(copy) == (0, "")
