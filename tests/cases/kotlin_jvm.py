"""Runs the compiled Kotlin core on the JVM, over the real LiteRT library."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

LIBRARIES = Path("/usr/share/java")
COMPILER = Path("build/android/node_modules/kotlin-compiler")


def litert_library():
    """Find the library that the ai-edge-litert wheel brings."""
    found = importlib.util.find_spec("ai_edge_litert").submodule_search_locations[0]
    return Path(found, "libLiteRt.so")


@dataclass(frozen=True)
class Jvm:
    """Compiled jars.

    Attributes:
        jars: Folder with core.jar, host.jar and host_test.jar.
        broken: A jar whose classes take the place of the core's own.
    """

    jars: Path
    broken: Path | None = None

    def start(self, main, *arguments):
        """Start a program of the host that answers line by line."""
        classpath = self._classpath()
        return Lines(["java", "-cp", classpath, main, *map(str, arguments)])

    def run(self, main, *arguments):
        """Run a program of the host to its end."""
        with self.start(main, *arguments) as lines:
            lines.finish()

    def compile(self, sources, jar, *others):
        """Compile against other jars and the stubs; gives the exit status and what was said."""
        stubs = self.jars / "app/stubs.jar"
        assert stubs.is_file(), f"{stubs} is missing; run android_demo/check-app"
        library = COMPILER / "lib"
        classpath = [
            *others,
            stubs,
            library / "kotlinx-coroutines-core-jvm.jar",
            library / "annotations-13.0.jar",
            LIBRARIES / "junit4.jar",
        ]
        plugin = f"-Xplugin={library / 'compose-compiler-plugin.jar'}"
        command = ["android_demo/compile", jar, ":".join(map(str, classpath)), plugin, sources]
        ended = subprocess.run(command, capture_output=True, text=True)
        return ended.returncode, ended.stdout + ended.stderr

    def _classpath(self):
        files = [
            *([self.broken] if self.broken else []),
            *(self.jars / f"{name}.jar" for name in ("core", "host", "host_test")),
            *(LIBRARIES / f"{name}.jar" for name in ("gson", "jna")),
            COMPILER / "lib/kotlin-stdlib.jar",
        ]
        missing = [str(file) for file in files if not file.is_file()]
        assert not missing, f"{missing} are missing; run android_demo/test"
        assert shutil.which("java"), "java is missing; apt-get install openjdk-17-jdk-headless"
        return ":".join(map(str, files))


class Lines:
    """A program that answers each line with a line, both JSON."""

    def __init__(self, command):
        self._noise = tempfile.TemporaryFile("w+")  # noqa: SIM115 (closed by __exit__)
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._noise, text=True
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._noise):
            stream.close()

    def ask(self, request):
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()

    def answer(self):
        line = self._process.stdout.readline()
        assert line, self._last_words()
        return json.loads(line)

    def finish(self):
        self._process.stdin.close()
        assert self._process.wait(60) == 0, self._last_words()

    def _last_words(self):
        self._noise.seek(0)
        return f"the program ended: {self._noise.read()[-2000:]}"
