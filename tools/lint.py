"""Run every check of the house that is not a test, and say at the end which failed (``make lint``)."""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.prefix) / "bin"


def tracked(*patterns: str) -> list[str]:
    """Give the files that match, committed yet or not, without those that git ignores."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()
    return [name for name in listed if (ROOT / name).is_file()]


def checks() -> dict[str, list[str]]:
    """Give each check's name and its command."""
    manage = [sys.executable, "manage.py"]
    found = {
        "layout of the code": [str(BIN / "ruff"), "format", "--check", "."],
        "rules of the code": [str(BIN / "ruff"), "check", "."],
        "imports downwards only": [str(BIN / "lint-imports"), "--no-cache"],
        "types on floors 1 to 4": [str(BIN / "mypy")],
        "Django's own checks": [*manage, "check", "--fail-level", "WARNING"],
        "no migration is missing": [*manage, "makemigrations", "--check", "--dry-run"],
        "documents": [sys.executable, "tools/docs.py"],
        "house rules": [sys.executable, "tools/house_lint.py"],
    }
    if templates := tracked("*.html"):
        found["layout of the templates"] = [str(BIN / "djhtml"), "--check", "--tabwidth", "2", *templates]
    if tracked("Dockerfile"):
        found["Dockerfile"] = [str(BIN / "hadolint"), "Dockerfile"]
    if tracked("docker-compose.yml"):
        found["docker-compose.yml"] = [
            str(BIN / "check-jsonschema"),
            *("--builtin-schema", "vendor.compose-spec", "docker-compose.yml"),
        ]
    return found


def mend() -> int:
    """Write the layout that the checks ask for."""
    subprocess.run([str(BIN / "ruff"), "check", "--fix", "--select", "I,UP,F401", "."], cwd=ROOT, check=False)
    subprocess.run([str(BIN / "ruff"), "format", "."], cwd=ROOT, check=True)
    if templates := tracked("*.html"):
        subprocess.run([str(BIN / "djhtml"), "--tabwidth", "2", *templates], cwd=ROOT, check=False)
    subprocess.run([sys.executable, "tools/docs.py", "--mend"], cwd=ROOT, check=False)
    return 0


def environment(scratch: str) -> dict[str, str]:
    """Give the environment of the checks: none of a developer's settings, no file written into the tree."""
    return {
        **{name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}},
        "TOM_ENV_FILE": os.devnull,
        "TOM_DATA_DIR": scratch,
        "SECRET_KEY": "only-for-checks-" + "x" * 50,
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "error",
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mend", action="store_true", help="write the layout instead of checking it")
    parser.add_argument("--only", metavar="WORD", help="run the checks whose name holds this word")
    options = parser.parse_args()
    if options.mend:
        return mend()
    failed = []
    with tempfile.TemporaryDirectory(prefix="tom-lint-") as scratch:
        for name, command in checks().items():
            if options.only and options.only not in name:
                continue
            begun = time.monotonic()
            done = subprocess.run(
                command, cwd=ROOT, env=environment(scratch), capture_output=True, text=True, check=False
            )
            verdict = "ok" if done.returncode == 0 else "FAILED"
            print(f"{verdict:7}{name} ({time.monotonic() - begun:.1f} s)", flush=True)
            if done.returncode:
                failed.append(name)
                print(done.stdout + done.stderr, flush=True)
    if failed:
        print(f"make lint: {len(failed)} failed: {', '.join(failed)}. Layout is mended by 'make format'.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
