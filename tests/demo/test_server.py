"""The server hands out a closed list of files, with headers that keep the page to itself."""

import base64
import hashlib
import http.client
import json
import socket
import threading
from contextlib import contextmanager

import pytest

from decant.demo import SERVED, make_server, own_address, served_model
from decant.demo.routes import page_routes
from decant.demo.server import content_policy
from decant.errors import UsageError

PAGE = '<script type="importmap">{"imports": {}}</script><script type="module" src="page.js">'


@pytest.fixture
def routes(tmp_path):
    """A page, a module, and a file beside them that is not handed out."""
    contents = {"index.html": PAGE, "page.js": "0;", "secret.txt": "secret", "model.wasm": "wasm"}
    for name, text in contents.items():
        (tmp_path / name).write_text(text)
    served = {"/": "index.html", "/page.js": "page.js", "/npm/a.wasm": "model.wasm"}
    return {address: tmp_path / name for address, name in served.items()}


@contextmanager
def serving(routes, *, lan=False):
    with make_server(routes, 0, lan=lan) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def ask(server, path, method="GET", host=None):
    """Ask exactly for a path, as no browser would tidy it up; gives status, headers and body."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.putrequest(method, path, skip_host=True)
    connection.putheader("Host", f"localhost:{server.port}" if host is None else host)
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, dict(answer.getheaders()), body


@pytest.mark.parametrize(
    ("path", "kind", "content"),
    [
        ("/", "text/html; charset=utf-8", PAGE),
        ("/?a=b", "text/html; charset=utf-8", PAGE),
        ("/page.js", "text/javascript; charset=utf-8", "0;"),
        ("/npm/a.wasm", "application/wasm", "wasm"),
    ],
)
def test_listed_files_are_handed_out(routes, path, kind, content):
    with serving(routes) as server:
        status, headers, body = ask(server, path)
    assert (status, headers["Content-Type"], body.decode()) == (200, kind, content)
    assert headers["Content-Length"] == str(len(content))


@pytest.mark.parametrize(
    "path",
    [
        "/secret.txt",
        "/../secret.txt",
        "/npm/../secret.txt",
        "/npm/..%2fsecret.txt",
        "/npm/%2e%2e/%2e%2e/etc/passwd",
        "/..\\secret.txt",
        "//etc/passwd",
        "/page.js/",
        "/page.js%00",
        "/bundle/",
        "*",
    ],
)
def test_nothing_else_is(routes, path):
    with serving(routes) as server:
        status, _, body = ask(server, path)
    assert status == 404
    assert b"secret" not in body.replace(path.encode(), b"")
    assert b"root:" not in body


def test_a_file_that_is_gone_is_not_found(routes):
    routes["/page.js"].unlink()
    with serving(routes) as server:
        assert ask(server, "/page.js")[0] == 404


def test_head_has_no_body(routes):
    with serving(routes) as server:
        status, headers, body = ask(server, "/page.js", "HEAD")
    assert (status, headers["Content-Length"], body) == (200, "2", b"")


def test_the_page_learns_what_to_type(routes, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    routes[SERVED] = served_model(tmp_path / "build" / "detector" / "model.json")
    with serving(routes) as server:
        status, headers, body = ask(server, "/served.json")
    assert (status, headers["Content-Type"]) == (200, "application/json")
    assert headers["Content-Length"] == str(len(body))
    assert json.loads(body) == {"model": "build/detector/model.json"}


def test_the_page_does_not_learn_where_homes_are(tmp_path, monkeypatch):
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    served = json.loads(served_model(tmp_path / "secret" / "detector" / "model.json"))
    assert served == {"model": "…/detector/model.json"}


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_nothing_can_be_sent(routes, method):
    with serving(routes) as server:
        assert ask(server, "/", method)[0] == 501


@pytest.mark.parametrize("path", ["/", "/secret.txt"])
def test_every_answer_isolates_the_page(routes, path):
    with serving(routes) as server:
        headers = ask(server, path)[1]
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Embedder-Policy"] == "require-corp"
    assert headers["X-Content-Type-Options"] == "nosniff"
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "connect-src 'self'" in policy
    assert "http" not in policy
    assert "unsafe-inline" not in policy


def test_the_import_map_alone_may_be_inline():
    digest = base64.b64encode(hashlib.sha256(b'{"imports": {}}').digest()).decode()
    assert f"'sha256-{digest}';" in content_policy(PAGE)


def test_a_foreign_name_for_this_machine_is_refused(routes):
    with serving(routes) as server:
        assert ask(server, "/page.js", host=f"evil.example:{server.port}")[0] == 421
        assert ask(server, "/page.js", host=f"127.0.0.1:{server.port}")[0] == 200
        assert ask(server, "/page.js", host="localhost")[0] == 421
        assert ask(server, "/page.js", host="")[0] == 421


def test_the_network_may_ask_by_this_machines_names(routes):
    name = socket.gethostname().lower()
    with serving(routes, lan=True) as server:
        for known in (name, f"{name}.local", own_address(), "localhost"):
            assert ask(server, "/page.js", host=f"{known}:{server.port}")[0] == 200
        assert ask(server, "/page.js", host=f"evil.example:{server.port}")[0] == 421


def test_a_browser_that_goes_away_is_no_fault(routes, capfd):
    routes["/npm/a.wasm"].write_bytes(bytes(20_000_000))
    with serving(routes) as server:
        for _ in range(3):
            with socket.create_connection(("127.0.0.1", server.port)) as connection:
                request = f"GET /npm/a.wasm HTTP/1.1\r\nHost: localhost:{server.port}\r\n\r\n"
                connection.sendall(request.encode())
                connection.recv(10)
        assert ask(server, "/page.js")[0] == 200
    assert "Traceback" not in capfd.readouterr().err


def test_only_this_machine_is_served_unless_asked(routes):
    with serving(routes) as server:
        assert server.server_address[0] == "127.0.0.1"
    with serving(routes, lan=True) as server:
        assert server.server_address[0] == "0.0.0.0"


def test_a_port_that_is_taken_is_named(routes):
    with (
        serving(routes) as server,
        pytest.raises(UsageError, match=rf"port {server.port} is taken .* --port"),
    ):
        make_server(routes, server.port, lan=False)


class Bundled:
    """Stands for a bundle: its files alone matter here."""

    def __init__(self, folder):
        self.folder = folder

    def files(self):
        return ("model.json", "golden/a b.bin")


def test_the_page_can_fetch_all_it_imports(tmp_path):
    """Whatever the modules import is on the list, and so is every file of the bundle."""
    for name in NPM_FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    routes = page_routes(Bundled(tmp_path), tmp_path)
    page = routes["/"].read_text(encoding="utf-8")
    mapped = json.loads(page.split('<script type="importmap">')[1].split("</script>")[0])
    for target in mapped["imports"].values():
        assert target.removeprefix(".") in routes
    modules = [path for address, path in routes.items() if path.parent == routes["/"].parent]
    for module in modules:
        for line in module.read_text(encoding="utf-8").splitlines():
            if line.startswith("import ") or line.startswith("} from "):
                name = line.split('"')[1]
                assert name in mapped["imports"] or name.removeprefix(".") in routes, line
    assert routes["/bundle/golden/a%20b.bin"] == tmp_path / "golden/a b.bin"
    assert not any("playwright" in address or "lock" in address for address in routes)


NPM_FILES = [
    "@litertjs/core/dist/index.js",
    "@litertjs/core/wasm/litert_wasm_internal.js",
    "@litertjs/core/wasm/litert_wasm_internal.wasm",
    "@litertjs/wasm-utils/dist/index.js",
    "@noble/hashes/_md.js",
    "@noble/hashes/_u64.js",
    "@noble/hashes/sha2.js",
    "@noble/hashes/utils.js",
    "fflate/esm/browser.js",
]
