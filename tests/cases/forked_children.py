"""Forks the children of conversion and quantization from processes that imported their libraries.

What builds, quantizes or tries a file does so in a fresh process, nine tenths of whose time is
imports with the small models of these tests. Here a process that runs tests starts a template per
kind of child, which imports what that kind does; children are its copies, each with a memory,
folder, variables and streams of its own, and are asked, answer and end as fresh ones do. Whatever
the tests start as a user does, by the installed command, starts fresh ones, and so does a test that
uses the fixture `fresh_children`.
"""

import contextlib
import functools
import importlib
import json
import os
import selectors
import signal
import socket
import struct
import subprocess
import sys

from decant.child_process import Child, serve, variables_of_child

KINDS = {
    "decant.convert.build": "builder",
    "decant.convert.support": "builder",
    "decant.convert.verify.op_search": "builder",
    "decant.convert.routes": "runner",
    "decant.convert.verify": "runner",
    "decant.pipeline.release": "runner",
    "decant.quantize": "runner",
    "decant.runtime": "runner",
    "decant.runtime_signatures": "runner",
}
"""By the module or package of what a child is asked for. Others, which time or weigh, are fresh."""

IMPORTED = (
    "ai_edge_litert.interpreter",
    "litert_quantizer.quantizer",
    "decant.convert.build",
    "decant.convert.routes.attempt",
    "decant.convert.verify.evaluator",
    "decant.pipeline.release",
    "decant.quantize.candidates",
    "decant.runtime_signatures",
)
"""What children import, TensorFlow aside, which only builders do."""

MESSAGE_BYTES = 256 * 1024
NUMBER = struct.Struct("q")
_TEMPLATE = "import sys, forked_children; forked_children.be_template(sys.argv[1])"
_call, _fresh = Child.call, Child._started


def install():
    """Let children be forked from now on, where the system tells how a grandchild ends."""
    if hasattr(os, "pidfd_open"):
        Child.call, Child._started = _noted, _forked


def uninstall(monkeypatch):
    """Let children be started afresh for as long as a test patches."""
    monkeypatch.setattr(Child, "_started", _fresh)


def _noted(child, function, *args, **kwargs):
    child._asked = function
    return _call(child, function, *args, **kwargs)


def _forked(child):
    """Start a child, which is known by how it gets ready or else by what it is asked for."""
    known_by = child._prepare or getattr(child, "_asked", None)
    kind = known_by and _kind(known_by.__module__)
    if kind is None:
        return _fresh(child)
    request = {
        "arguments": child._files.command[3:],  # after those of Python
        "environment": variables_of_child(child._environment),
        "folder": os.getcwd(),
    }
    template = _template(kind, tuple(sorted(child._environment.items())))
    return Forked(template.requests, request, child._files.noise)


def _kind(module):
    while module and module not in KINDS:
        module = module.rpartition(".")[0]
    return KINDS.get(module)


@functools.cache
def _template(kind, environment):
    return Template(kind, dict(environment))


class Template:
    """A process to fork; it ends with this one, whose end of the socket is closed then."""

    def __init__(self, kind, environment):
        self.requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.requests.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, MESSAGE_BYTES)
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-c", _TEMPLATE, kind],
                stdin=theirs,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd=os.sep,
                # Without the thread that ONNX Runtime starts to report its use, whose locks a copy
                # would keep.
                env=variables_of_child({**environment, "ORT_DISABLE_TELEMETRY": "1"}),
            )


class Forked:
    """A child, with as much of `subprocess.Popen` as `Child` uses."""

    def __init__(self, requests, request, noise):
        read, write = os.pipe()
        self._told, theirs = socket.socketpair()
        self.stdin = os.fdopen(write, "wb")
        self.returncode = None
        with noise.open("wb") as printed, theirs, os.fdopen(read):
            passed = [read, printed.fileno(), theirs.fileno()]
            socket.send_fds(requests, [json.dumps(request).encode()], passed)
        self.pid = self._number(None)

    def _number(self, timeout):
        self._told.settimeout(timeout)
        return NUMBER.unpack(self._told.recv(NUMBER.size))[0]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stdin.close()
        self.wait()
        self._told.close()

    def wait(self, timeout=None):
        """Wait for its end; gives its code as `subprocess` does."""
        if self.returncode is None:
            try:
                self.returncode = self._number(timeout)
            except (TimeoutError, BlockingIOError):
                raise subprocess.TimeoutExpired("a forked child", timeout) from None
        return self.returncode

    def send_signal(self, number):
        """Send it a signal unless it has ended."""
        try:
            self.wait(0)
        except subprocess.TimeoutExpired:
            os.kill(self.pid, number)

    def kill(self):
        """End it."""
        self.send_signal(signal.SIGKILL)


def be_template(kind):
    """Fork a child for each request at standard input; the whole life of a template."""
    _import(kind)
    requests = socket.socket(fileno=os.dup(0))
    with selectors.DefaultSelector() as events:
        events.register(requests, selectors.EVENT_READ)
        while True:
            for key, _ in events.select():
                if key.data is None:
                    _fork(requests, events)
                else:
                    events.unregister(key.fd)
                    os.close(key.fd)
                    _tell_end(*key.data)


def _import(kind):
    for name in IMPORTED:
        importlib.import_module(name)
    if kind == "builder":
        from decant.convert.build import make_ready

        make_ready()


def _fork(requests, events):
    message, passed, _, _ = socket.recv_fds(requests, MESSAGE_BYTES, 3)
    if not message:  # who asks is gone
        os._exit(0)
    pid = os.fork()
    if pid == 0:
        try:
            _leave(events)
            _be_child(json.loads(message), *passed)
        finally:
            os._exit(1)  # whatever happens, it serves no more requests
    for descriptor in passed[:2]:
        os.close(descriptor)
    caller = socket.socket(fileno=passed[2])
    caller.sendall(NUMBER.pack(pid))
    events.register(os.pidfd_open(pid), selectors.EVENT_READ, (pid, caller))


def _leave(events):
    """Close what a template has of its own, and nothing that a library has opened."""
    for key in events.get_map().values():
        os.close(key.fd)
        if key.data is not None:
            key.data[1].close()
    events.close()


def _tell_end(pid, caller):
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    with caller, contextlib.suppress(BrokenPipeError):  # who asked may be gone
        caller.sendall(NUMBER.pack(code))


def _be_child(request, read, printed, caller):
    for descriptor, stream in ((read, 0), (printed, 1), (printed, 2)):
        os.dup2(descriptor, stream)
    for descriptor in (read, printed, caller):
        os.close(descriptor)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.path[:] = ["", *request["environment"]["PYTHONPATH"].split(os.pathsep)]
    sys.argv[1:] = request["arguments"]
    serve()
