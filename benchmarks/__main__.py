"""Run all benchmarks, each in a process of its own: ``python -m benchmarks [--only NAME] [--quick]``."""

import argparse
import os
import subprocess
import sys

from benchmarks.databases import ROOT, DatabaseMissingError, postgres_url

WITH_DATABASES = ("ingest", "pages", "photometry", "api", "sky", "transfer", "uploads", "peer", "streams")
ALL = (
    *("startup", "ingest", "pages", "photometry", "api", "bulk_insert", "light_curve", "decode_packets"),
    *("visibility", "sky", "transfer", "uploads", "peer"),
    *("alerts_pages", "streams"),
)
TIMEOUT_S = 6 * 3600


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Measure the figures that the project promises.")
    parser.add_argument("--only", action="append", choices=ALL, help="only this one (may be repeated)")
    parser.add_argument("--databases", default="sqlite,postgresql", help="which, separated by commas")
    parser.add_argument("--quick", action="store_true", help="few rows and rounds, and no decoder")
    parser.add_argument("--full", action="store_true", help="ingest 200,000 alerts (memory)")
    return parser.parse_args()


def commands(options: argparse.Namespace) -> list[tuple[list[str], dict[str, str]]]:
    """Return arguments and environment of each run."""
    found: list[tuple[list[str], dict[str, str]]] = []
    left_out = {"bulk_insert", "light_curve", "decode_packets", "visibility"} if options.quick else set()
    names = options.only or [name for name in ALL if name not in left_out]
    for name in names:
        if name == "peer" and not os.environ.get("BENCH_PEER"):
            print("peer: left out; BENCH_PEER names the Python of an environment with tomtoolkit", flush=True)
        elif name in WITH_DATABASES:
            flags = ["--quick"] * options.quick + ["--full"] * (
                options.full and name in ("ingest", "streams")
            )
            found.append(([f"benchmarks.{name}", "--databases", options.databases, *flags], {}))
        elif name == "startup":
            found.append((["benchmarks.startup", *["--quick"] * options.quick], {}))
        elif name in ("decode_packets", "alerts_pages"):
            found.append(([f"benchmarks.{name}"], {}))
        else:
            found += [([f"benchmarks.{name}"], _address(kind)) for kind in options.databases.split(",")]
    return found


def _address(kind: str) -> dict[str, str]:
    if kind == "sqlite":
        return {"DATABASE_URL": ""}
    return {"DATABASE_URL": f"{postgres_url().rpartition('/')[0]}/tom_bench_{os.getpid()}"}


def main() -> int:
    """Run what was asked for; a benchmark that fails does not stop the others."""
    failed = []
    try:
        wanted = commands(parse())
    except DatabaseMissingError as error:
        print(error, file=sys.stderr)
        return 2
    for arguments, environment in wanted:
        print(f"\n== {' '.join(arguments)} {environment.get('DATABASE_URL', '')}", flush=True)
        done = subprocess.run(
            [sys.executable, "-m", *arguments],
            env={**os.environ, **environment},
            cwd=ROOT,
            timeout=TIMEOUT_S,
            check=False,
        )
        if done.returncode:
            failed.append(arguments[0])
    if failed:
        print(f"\nfailed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
