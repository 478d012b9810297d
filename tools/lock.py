"""Pin the newest allowed versions of everything with their hashes (``make lock``).

Runs under the oldest Python that we promise to work on, Debian 12's: what it can install, newer ones can,
and what only it needs (``async-timeout``) is in the lock. No registry address is written.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

REQUIREMENTS = Path(__file__).resolve().parent.parent / "requirements"
HEADER = "# Written by 'make lock'; not edited by hand.\n"
FLAGS = (
    *("--quiet", "--generate-hashes", "--strip-extras", "--allow-unsafe", "--no-header"),
    *("--no-emit-index-url", "--no-emit-find-links", "--no-emit-trusted-host"),
)
LOCKS = {"run.lock": ["--extra", "s3", "../pyproject.toml"], "dev.lock": ["dev.in"], "node.lock": ["node.in"]}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--upgrade", action="store_true", help="newest versions instead of the least change")
    parser.add_argument("--python", default=os.environ.get("LOCK_PYTHON", "/usr/bin/python3"))
    options = parser.parse_args()
    version = subprocess.run(
        [options.python, "-V"], check=True, capture_output=True, text=True
    ).stdout.split()[1]
    if not version.startswith("3.11."):
        print(
            f"make lock: {options.python} is {version}; set LOCK_PYTHON to a Python 3.11 (Debian 12 has one)"
        )
        return 1
    with tempfile.TemporaryDirectory(prefix="tom-lock-") as scratch:
        subprocess.run([options.python, "-m", "venv", scratch], check=True)
        pip = [f"{scratch}/bin/pip", "install", "--quiet", "--disable-pip-version-check", "pip-tools"]
        subprocess.run(pip, check=True)
        for lock, source in LOCKS.items():
            print(f"Pinning {lock} under Python {version} ...", flush=True)
            command = [f"{scratch}/bin/pip-compile", *FLAGS, "--output-file", lock, *source]
            subprocess.run(command + ["--upgrade"] * options.upgrade, cwd=REQUIREMENTS, check=True)
            file = REQUIREMENTS / lock
            file.write_text(HEADER + file.read_text().removeprefix(HEADER))
    return 0


if __name__ == "__main__":
    sys.exit(main())
