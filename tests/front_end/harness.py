"""A folder of pages with the real frame, styles and scripts, and a server for it.

To try the front end by hand and to test it.

``python -m tests.front_end.harness --folder FOLDER`` serves it; the tests use `served`. The pages stand in
``pages/``, the light curves are made here.
"""

from __future__ import annotations

import argparse
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np

PAGES = Path(__file__).parent / "pages"
POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:;"
    " font-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'self'"
)


def light_curve(count: int, *, bands: tuple[str, ...] = ("g", "r", "i"), seed: int = 1) -> dict:
    """Make a light curve as the endpoint sends it: a transient with limits and forced points."""
    chance = np.random.default_rng(seed)
    mjd = np.sort(58200 + chance.uniform(0, 400, count))
    band = chance.integers(0, len(bands), count)
    source = 20.6 - 3.4 * np.exp(-(((mjd - 58380) / 45) ** 2)) + 0.15 * band + 0.1 * np.sin(mjd / 3.1)
    error = 0.02 * 10 ** (0.25 * (source - 17.0))
    mag = source + chance.normal(0, error)
    kind = np.where(chance.uniform(size=count) < 0.2, 2, 0)
    kind = np.where((source > 20.2) & (chance.uniform(size=count) < 0.6), 1, kind)
    flux = 10 ** ((31.4 - mag) / 2.5)
    is_limit = kind == 1
    too_faint = (kind == 2) & (error > 0.3)

    def column(values: np.ndarray, absent: np.ndarray) -> list:
        return [None if gone else round(float(value), 6) for value, gone in zip(values, absent, strict=True)]

    return {
        "target": "ZTF18abcdefg <simulated>",
        "count": count,
        "bands": list(bands),
        "sources": ["ZTF"],
        "versions": ["", "forced"],
        "points": {
            "mjd": np.round(mjd, 7).tolist(),
            "band": band.tolist(),
            "source": [0] * count,
            "version": (kind == 2).astype(int).tolist(),
            "kind": kind.tolist(),
            "mag": column(mag, is_limit | too_faint),
            "mag_err": column(error, is_limit | too_faint),
            "limit": column(np.full(count, 20.5), ~(is_limit | too_faint)),
            "flux": column(flux, is_limit),
            "flux_err": column(flux * error / 1.0857, is_limit),
            "negative": (chance.uniform(size=count) < 0.01).astype(int).tolist(),
        },
    }


def about() -> dict:
    """Make what the endpoint tells of a target besides its points: a note on the first point of ``small``."""
    first = light_curve(60, bands=("g", "r"), seed=2)["points"]
    return {
        "excesses": [{"value": 0.05, "words": "extra field ebv", "kind": "", "error": None}],
        "distances": [{"value": 0.02, "words": "extra field redshift", "kind": "z", "error": None}],
        "periods": [{"period_d": 3.1, "epoch_mjd": None, "words": "g r, no. 1"}],
        "notes": [
            {
                "id": 1,
                "mjd": first["mjd"][0],
                "band": ("g", "r")[first["band"][0]],
                "source": "",
                "text": "First light <of> this one",
                "who": "ada",
                "when": "2026-11-21 04:00",
            }
        ],
        "has_versions": True,
        "may_change": True,
        "may_search": True,
        "may_fetch_dust": True,
        "dust": {"is_running": False, "error": "", "job_url": ""},
    }


CORRECTIONS = {
    "extinction": {
        "ebv": 0.05,
        "rv": 3.1,
        "law": "F99",
        "law_words": "Fitzpatrick (1999)",
        "a": {"g": 0.2, "r": 0.1},
        "nm": {"g": 480.0, "r": 622.5},
    },
    "distance": {"modulus": 34.7, "error": None, "mpc": 87.0, "how": "z = 0.02, flat universe"},
}

CURVES = {
    "large": lambda: light_curve(10_000),
    "small": lambda: light_curve(60, bands=("g", "r"), seed=2),
    "bands": lambda: light_curve(
        900,
        bands=("u", "g", "r", "i", "z", "y", "c", "o", "G", "B", "V", "W1", "W2", "F606W", "H-alpha"),
        seed=3,
    ),
    "one": lambda: light_curve(1, bands=("r",), seed=6),
    "empty": lambda: light_curve(0),
}


def build(folder: Path) -> Path:
    """Write pages, static files and data into a folder and give it."""
    from django.contrib.staticfiles import finders, storage
    from django.template import engines
    from django.test import RequestFactory

    from tests.front_end import fits_data
    from tests.front_end.spectra_data import ten_spectra

    for finder in finders.get_finders():
        for name, place in finder.list([]):
            if name.startswith(
                ("admin/", "rest_framework/", "drf_spectacular_sidecar/", "django_extensions/")
            ):
                continue
            target = folder / "static" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(Path(place.path(name)).read_bytes())
    assert storage.staticfiles_storage.url("x").startswith("/static/")
    for name, make in CURVES.items():
        (folder / f"{name}.json").write_text(json.dumps(make()))
    (folder / "spectra.json").write_bytes(ten_spectra())
    fits_data.write(folder)
    (folder / "points.csv").write_text("mjd_utc [d],band\n")
    (folder / "about.json").write_text(json.dumps(about()))
    (folder / "corrections.json").write_text(json.dumps(CORRECTIONS))
    request = RequestFactory().get("/targets/")
    engine = engines["django"]
    for page in sorted(PAGES.glob("*.html")):
        template = engine.from_string(page.read_text())
        curves = [*CURVES, "missing"] if page.stem == "light_curve" else [""]
        for curve in curves:
            name = f"{page.stem}_{curve}" if curve else page.stem
            (folder / f"{name}.html").write_text(template.render({"curve": curve}, request))
    return folder


class _Handler(SimpleHTTPRequestHandler):
    """Files, with the security policy of production and no line on the terminal for each."""

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def served(folder: Path, port: int = 0) -> Iterator[str]:
    """Serve a folder on this machine for the time of the block; gives the address."""
    server = ThreadingHTTPServer(("127.0.0.1", port), partial(_Handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--folder", type=Path, required=True, help="where the pages are written")
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django

    django.setup()
    build(options.folder)
    with served(options.folder, options.port) as address:
        print(f"{address}/light_curve_large.html {address}/gallery.html; Ctrl-C stops")  # noqa: T201
        threading.Event().wait()


if __name__ == "__main__":
    main()
