"""Our own lines reach the terminal, nothing else does, and every failure has its exit code."""

import contextlib
import errno
import json
import logging
import os
import re
import signal
import subprocess
import sys
import termios
from pathlib import Path

import pytest
import typer
from processes import DECANT

from decant.cli.session import session
from decant.cli.terminal import printing
from decant.errors import (
    DataError,
    GateFailed,
    InternalError,
    ParityError,
    SpecError,
    UnsupportedOp,
)
from decant.progress import track


def test_only_our_lines_are_seen(capfd):
    with session() as terminal:
        os.write(1, b"noise of a library on 1\n")
        os.write(2, b"noise of a library on 2\n")
        subprocess.run([sys.executable, "-c", "print('noise of a child')"], check=True)
        print("noise of the user's code")  # noqa: T201 (that is what is tested)
        logging.getLogger("decant.convert").info("folded 3 constants")
        logging.getLogger("decant.convert").warning("an odd graph")
        logging.getLogger("tensorflow").warning("noise of a logger")
        terminal.result("42")
    out, err = capfd.readouterr()
    assert out == "42\n"
    assert err == "  folded 3 constants\nwarning: an odd graph\n"


def test_streams_are_back_afterwards(capfd):
    with session():
        pass
    os.write(1, b"seen\n")
    print("also seen")  # noqa: T201 (that is what is tested)
    sys.stdout.flush()
    assert capfd.readouterr().out.splitlines() == ["seen", "also seen"]


def test_verbose_shows_the_noise(capfd):
    with session(verbose=True):
        os.write(2, b"noise of a library\n")
    assert "noise of a library" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (GateFailed, 1),
        (SpecError, 2),
        (UnsupportedOp, 3),
        (ParityError, 4),
        (DataError, 5),
    ],
)
def test_each_refusal_has_its_code_and_one_message(capfd, error, code):
    with pytest.raises(typer.Exit) as caught, session():
        raise error("x.onnx: what and why; what to do")
    assert caught.value.exit_code == code
    assert capfd.readouterr() == ("", "error: x.onnx: what and why; what to do\n")


def fail_after_noise(error):
    with session():
        os.write(2, b"last words of a library\n")
        raise error("the reason")


@pytest.mark.parametrize("error", [InternalError, ZeroDivisionError])
def test_our_own_fault_keeps_the_traceback_in_a_file(capfd, error):
    with pytest.raises(typer.Exit) as caught:
        fail_after_noise(error)
    assert caught.value.exit_code == 70
    out, err = capfd.readouterr()
    assert out == ""
    assert "the reason" in err
    assert "Traceback" not in err
    log = Path(re.search(r"please report it with (\S+)", err)[1])
    kept = log.read_text()
    log.unlink()
    assert "last words of a library" in kept
    assert "Traceback" in kept


def test_full_disk_is_not_our_fault(capfd):
    with pytest.raises(typer.Exit) as caught, session():
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/tmp/x")
    assert caught.value.exit_code == 5
    assert capfd.readouterr().err == (
        "error: /tmp/x: cannot be written (No space left on device); "
        "free some space or choose another folder\n"
    )


@pytest.fixture
def _heard():
    """A shell in the background makes the tests ignore Ctrl-C, and `nohup` the hang-up."""
    interrupt = signal.signal(signal.SIGINT, signal.default_int_handler)
    hangup = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGINT, interrupt)
    signal.signal(signal.SIGHUP, hangup)


@pytest.mark.usefixtures("_heard")
@pytest.mark.parametrize(
    ("sent", "code", "line"),
    [
        (signal.SIGINT, 130, "interrupted; run again to go on"),
        (signal.SIGTERM, 143, "terminated"),
        (signal.SIGHUP, 129, "terminated"),
    ],
)
def test_signal_unwinds_the_command_once(capfd, sent, code, line):
    undone = []

    def work():
        try:
            signal.raise_signal(sent)
        finally:
            # The impatient press Ctrl-C again while what was begun is thrown away.
            signal.raise_signal(signal.SIGINT)
            undone.append("all")

    handlers = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    with pytest.raises((typer.Exit, SystemExit)) as caught, session():
        work()
    assert undone == ["all"]
    ended = caught.value
    assert (ended.exit_code if isinstance(ended, typer.Exit) else ended.code) == code
    assert capfd.readouterr().err == f"{line}\n"
    assert handlers == [
        signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    ]


def test_hangup_that_the_shell_ignores_stays_ignored(capfd):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with session() as terminal:
            signal.raise_signal(signal.SIGHUP)
            terminal.result("done")
    finally:
        signal.signal(signal.SIGHUP, before)
    assert capfd.readouterr().out == "done\n"


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize(
    "command",
    [["doctor"], ["tflite", "model.toml"], ["tflite", "model.toml", "--verbose"]],
    ids=" ".join,
)
def test_reader_that_has_gone_ends_the_command_quietly(command):
    reading, writing = os.pipe()
    os.close(reading)
    ended = subprocess.run([DECANT, *command], stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)
    assert ended.returncode == 141
    assert not re.search("Traceback|error|Exception", ended.stderr)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no place that is always full")
@pytest.mark.parametrize(
    "command", [["doctor", "--json"], ["doctor"], ["--help"], ["-x", "--json"]]
)
def test_full_place_of_results_is_said(command):
    with open("/dev/full", "w") as full:
        ended = subprocess.run([DECANT, *command], stdout=full, stderr=subprocess.PIPE, text=True)
        silent = subprocess.run([DECANT, *command], stdout=full, stderr=full)
    assert ended.returncode == silent.returncode == DataError.exit_code
    *_, line = ended.stderr.splitlines()
    reason = os.strerror(errno.ENOSPC)
    assert line == f"error: what is printed cannot be written ({reason}); send it elsewhere"
    assert "Traceback" not in ended.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no place that is always full")
def test_full_place_of_errors_leaves_the_object():
    command = [DECANT, "tflite", "nosuch.toml", "--set", "seeed=1", "--json"]
    with open("/dev/full", "w") as full:
        ended = subprocess.run(command, stdout=subprocess.PIPE, stderr=full, text=True)
    answer = json.loads(ended.stdout)
    assert ended.returncode == answer["exit_code"]
    assert "nosuch.toml" in answer["error"]["message"]


@pytest.mark.parametrize("command", ["--help", "--version", "tflite --help"])
def test_nobody_who_reads_on_is_no_fault(command):
    readable, writable = os.pipe()
    os.close(readable)
    ended = subprocess.run([DECANT, *command.split()], stdout=writable, stderr=subprocess.PIPE)
    os.close(writable)
    assert (ended.returncode, ended.stderr) == (141, b"")


@pytest.mark.parametrize("command", ["--help", "doctor", "tflite nosuch.toml"])
def test_closed_streams_are_no_fault(command):
    shell = f"{DECANT} {command} >&- 2>&-"
    code = subprocess.run(["sh", "-c", shell]).returncode
    assert code == subprocess.run([DECANT, *command.split()], capture_output=True).returncode


@pytest.mark.parametrize(
    "error", [PermissionError(errno.EACCES, "no", "/x"), OSError("libfoo.so: cannot open")]
)
def test_what_is_no_fault_of_printing_is_not_called_one(error):
    with pytest.raises(OSError, match=r"no|libfoo") as caught, printing():
        raise error
    assert caught.value is error


@pytest.mark.parametrize("options", [[], ["--json"], ["--verbose"]])
def test_argument_that_is_no_utf_8_is_quoted(options):
    ended = subprocess.run([DECANT, "tflite", b"\xff", *options], capture_output=True, text=True)
    assert ended.returncode == SpecError.exit_code
    assert ended.stderr.startswith('error: "\\udcff": there is no such file')


def test_progress_is_plain_lines_where_there_is_no_terminal(capfd, monkeypatch):
    monkeypatch.setattr("decant.cli.terminal.PLAIN_LINE_EVERY_S", -1.0)
    with session():
        assert list(track("ab", "photos", 2)) == ["a", "b"]
    assert capfd.readouterr().err == "  photos: 1 of 2\n  photos: 2 of 2\n"


BARS = """
import contextlib
import typer
from decant.cli.session import session
from decant.progress import track

with contextlib.suppress(typer.Exit), session() as terminal:
    for outer in track("ab", "models", 2):
        terminal.say(f"[line] {outer}")
        print("noise of a library")
        for inner in track("cd", "photos", 2):
            if outer + inner == "bd":
                raise KeyboardInterrupt
"""


def on_terminal(program, columns=60, **environment):
    """Run a program whose standard error is a terminal; returns all that was sent to that."""
    ours, theirs = os.openpty()
    termios.tcsetwinsize(theirs, (24, columns))
    ended = subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", **environment},
    )
    os.close(theirs)
    sent = b""
    with contextlib.suppress(OSError):
        while piece := os.read(ours, 4096):
            sent += piece
    os.close(ours)
    assert ended.communicate()[0] == b""
    return sent.decode()


def test_bars_stay_below_the_lines_and_go_before_the_last_word():
    sent = on_terminal(BARS)
    assert "noise" not in sent
    assert "models" in sent
    assert "photos" in sent
    lines = [re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", line) for line in sent.split("\r\n")]
    assert "[line] a" in [line.rpartition("\r")[2] for line in lines]
    # The cursor is shown again, and nothing is drawn any more.
    assert sent.endswith("interrupted; run again to go on\r\n")
    assert sent.rindex("\x1b[?25h") > sent.rindex("models")


def test_bars_fit_a_narrow_terminal_and_may_be_without_colour():
    sent = on_terminal(BARS, columns=40, NO_COLOR="1")
    assert not re.search(r"\x1b\[[\d;]*3\dm", sent)
    for line in re.split(r"[\r\n]+", re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", sent)):
        assert len(line) <= 40


FRAMEWORK = "import typer, typer.rich_utils, rich.markdown"
HELP = "from decant.cli import main; main()"


def processor_time(program, *arguments):
    before = os.times()
    subprocess.run([sys.executable, "-c", program, *arguments], check=True, capture_output=True)
    after = os.times()
    spent_s = after.children_user + after.children_system
    return spent_s - before.children_user - before.children_system


def test_help_takes_little_more_than_what_draws_it():
    # 0.26 s against 0.2 s; a busy machine makes both longer.
    pairs = [(processor_time(FRAMEWORK), processor_time(HELP, "--help")) for _ in range(5)]
    framework_s, help_s = (min(times) for times in zip(*pairs, strict=True))
    assert help_s <= 1.75 * framework_s


def test_help_imports_nothing_heavy():
    program = (
        "import sys\nfrom decant.cli.app import app\n"
        "heavy = {'torch', 'tensorflow', 'numpy', 'pydantic', 'onnx', 'cv2', 'matplotlib'}\n"
        "sys.exit(' '.join(heavy & set(sys.modules)))"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert ended.stderr.strip() == ""
