"""Empty files in place of the npm packages that the page's server looks for."""

from decant.demo.packages import DONE, WEB
from decant.demo.routes import MODULES, RUNTIME


def pretend_packages(folder):
    """Let `decant demo` find its packages below a folder, without asking npm for them."""
    packages = folder / "build/web"
    for name in (*MODULES, f"{RUNTIME}/litert_wasm_internal.js"):
        (packages / "node_modules" / name).parent.mkdir(parents=True, exist_ok=True)
        (packages / "node_modules" / name).touch()
    (packages / DONE).write_bytes((WEB / "package-lock.json").read_bytes())
