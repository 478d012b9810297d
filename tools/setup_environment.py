"""Make the environment in ``.venv`` from the lock files (``make setup``, ``make setup-dev``).

Runs under the machine's own Python with nothing installed. A stamp in ``.venv`` remembers what was installed,
so that a second call has nothing to do.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
OLDEST_PYTHON = (3, 11)
RUN_LOCK, DEV_LOCK = ROOT / "requirements" / "run.lock", ROOT / "requirements" / "dev.lock"
# What the product imports only where it is used.
IMPORTED_LATER = (
    "astropy.coordinates, astropy.table, astropy.time, fastavro, gunicorn.app.wsgiapp, hpgeom, PIL.Image"
)
LOCKS = {"run": [RUN_LOCK], "dev": [RUN_LOCK, DEV_LOCK]}


class SetupError(Exception):
    """What stands in the way, in one line that says what to do."""


def digest(*files: Path) -> str:
    """Give a fingerprint of the contents of some files; a missing one counts as empty."""
    found = hashlib.sha256()
    for file in files:
        found.update(file.read_bytes() if file.is_file() else b"")
        found.update(b"\0")
    return found.hexdigest()


def check_python() -> None:
    """Stop where this Python is too old or cannot make environments."""
    if sys.version_info < OLDEST_PYTHON:
        wanted = ".".join(map(str, OLDEST_PYTHON))
        raise SetupError(f"Python {wanted} or newer is needed, {sys.executable} is {sys.version.split()[0]}")
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        raise SetupError("this Python cannot make environments: apt install python3-venv") from None


def run(command: list, *, doing: str, env: dict[str, str] | None = None) -> None:
    """Run a command, quiet unless it fails."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=env)
    if done.returncode:
        lines = (done.stdout + done.stderr).splitlines()
        sys.stderr.write("\n".join(line for line in lines if not line.startswith("WARNING")) + "\n")
        raise SetupError(f"{doing} failed (above)")


def stamp_is(name: str, wanted: str) -> bool:
    """Say whether a step was done with the same input before."""
    stamp = VENV / f".stamp-{name}"
    return stamp.is_file() and stamp.read_text() == wanted


def make_venv() -> None:
    """Make ``.venv`` unless it holds a Python that runs."""
    python = VENV / "bin" / "python"
    if python.exists() and subprocess.run([python, "-c", "import pip"], capture_output=True).returncode == 0:
        return
    check_python()
    if VENV.exists():
        shutil.rmtree(VENV)
    run([sys.executable, "-m", "venv", str(VENV)], doing="making .venv")


def install(kind: str) -> bool:
    """Install what the lock files name; say whether there was anything to do.

    ``--no-deps``: the locks name everything; ``--no-compile``: `compile_what_starts` compiles what is used,
    which saves a third of the time and of the disk.
    """
    wanted = digest(*LOCKS[kind])
    if stamp_is(kind, wanted):
        return False
    print(f"Installing {' and '.join(lock.name for lock in LOCKS[kind])} into .venv ...", flush=True)
    command = [str(VENV / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["--no-input", "--no-deps", "--no-compile", "--require-hashes"]
    for lock in LOCKS[kind]:
        command += ["-r", str(lock)]
    run(command, doing="pip install")
    (VENV / f".stamp-{kind}").write_text(wanted)
    if kind == "dev":
        (VENV / ".stamp-run").write_text(digest(*LOCKS["run"]))
    return True


def compile_what_starts() -> None:
    """Start the product once, so that Python keeps the byte code of all that each process imports.

    With ``PYTHONDONTWRITEBYTECODE`` in a shell or a container nothing else would ever keep it, and each start
    would compile some 1,300 modules anew: 2.5 s instead of 1 s. The container image calls this before the
    product is there, and compiles all of it itself.
    """
    if not (ROOT / "manage.py").is_file():
        return
    with tempfile.TemporaryDirectory(prefix="tom-setup-") as folder:
        environment = {**os.environ, "TOM_ENV_FILE": os.devnull, "TOM_DATA_DIR": folder, "DEBUG": "false"}
        for name in ("PYTHONDONTWRITEBYTECODE", "DATABASE_URL", "DJANGO_SETTINGS_MODULE"):
            environment.pop(name, None)
        python = str(VENV / "bin" / "python")
        doing = "starting the product for the first time"
        run([python, str(ROOT / "manage.py"), "check"], doing=doing, env=environment)
        run([python, "-c", f"import {IMPORTED_LATER}"], doing=doing, env=environment)


def install_front_end(kind: str) -> bool:
    """Fetch the scripts, styles and fonts that pages use; say whether there was anything to do."""
    import front_end_assets

    for_tests = kind == "dev"
    if front_end_assets.is_current(with_test_files=for_tests):
        return False
    print("Installing scripts, styles and fonts ...", flush=True)
    command = [str(VENV / "bin" / "python"), front_end_assets.__file__]
    run(command + ["--dev"] * for_tests, doing="installing the front-end packages")
    return True


def check_complete(kind: str) -> int:
    """Accept a complete environment in a folder that somebody else owns."""
    import front_end_assets

    if (
        os.access(VENV / "bin" / "python", os.X_OK)
        and stamp_is(kind, digest(*LOCKS[kind]))
        and front_end_assets.is_current(with_test_files=kind == "dev")
    ):
        return 0
    raise SetupError(
        f"{ROOT} cannot be written, and its .venv is not complete: let its owner run make setup, or clone it"
        " into a folder of your own"
    )


def main() -> int:
    kind = sys.argv[1] if len(sys.argv) > 1 else "run"
    begun = time.monotonic()
    try:
        if sys.version_info < OLDEST_PYTHON:
            check_python()
        if not os.access(ROOT, os.W_OK):
            return check_complete(kind)
        make_venv()
        changed = [install(kind), install_front_end(kind)]
        if changed[0]:
            compile_what_starts()
    except SetupError as error:
        print(f"make setup: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"make setup: {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    if any(changed):
        print(f"The environment is ready ({time.monotonic() - begun:.0f} s).")
    return 0


if __name__ == "__main__":
    sys.exit(main())
