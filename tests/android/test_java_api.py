"""Core and app call nothing of Java that Android lacks at minSdk, which no compiler here knows."""

import re
import subprocess

import pytest

# Java 8 has these, Android only from the level given on; minSdk is 24, and nothing is desugared.
LATER_CLASSES = {
    26: r"""java\.time\..* | java\.nio\.file\..* | java\.util\.Base64.* | kotlin\.io\.path\..*
        | java\.lang\.invoke\.(?!LambdaMetafactory|MethodHandles?\b|MethodType|CallSite).*
        | java\.lang\.reflect\.(Executable|Parameter)""",
    99: r"java\.(awt|beans|rmi)\..* | javax\.(imageio|script|swing|management)\..* | sun\..*"
    r" | java\.lang\.management\..*",
}
LATER_METHODS = {
    26: r"""java/lang/String\.join: | java/lang/ThreadLocal\.withInitial:
        | java/lang/Process\.(?:isAlive|waitFor:\(J)""",
}


@pytest.fixture(params=["core.jar", "app/bundled.jar", "app/play.jar"])
def jar(request, jvm):
    compiled = (jvm.jars / request.param).resolve()
    assert compiled.is_file(), f"{compiled} is missing; run android_demo/test and check-app"
    return compiled


@pytest.fixture
def classes(jar, tmp_path):
    subprocess.run(["jar", "--extract", "--file", jar], cwd=tmp_path, check=True)
    return sorted(tmp_path.rglob("*.class"))


def test_no_class_of_a_later_android_is_used(jar):
    command = ["jdeps", "-verbose:class", "--multi-release", "base", jar]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    used = set(re.findall(r"-> ([\w.$]+)", said))
    assert "java.nio.ByteBuffer" in used
    for level, pattern in LATER_CLASSES.items():
        later = sorted(name for name in used if re.fullmatch(pattern, name, re.VERBOSE))
        assert later == [], f"Android has these from API {level} on"


def test_no_method_of_a_later_android_is_called(classes):
    code = subprocess.run(
        ["javap", "-c", "-p", *classes], capture_output=True, text=True, check=True
    ).stdout
    assert "java/lang/Object." in code
    for level, pattern in LATER_METHODS.items():
        assert re.findall(pattern, code, re.VERBOSE) == [], f"Android has these from API {level} on"
    # Since Java 9 ByteBuffer.flip gives a ByteBuffer; on Android 7 to 12 that method is not there.
    methods = "position|limit|flip|clear|rewind|mark|reset"
    narrowed = rf"java/nio/\w+Buffer\.(?:{methods}):\(\w*\)Ljava/nio/\w+Buffer;"
    assert re.findall(narrowed, code) == []


def test_bytecode_is_java_8s(classes):
    assert {path.read_bytes()[7] for path in classes} == {52}
