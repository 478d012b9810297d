"""Start the TOM on this machine: database, static files, demo, web server (``make run``).

Everything happens in one process, so that a second start costs one start of Django. Whatever can go wrong on
a newcomer's machine ends in one line that says what to do, and exit status 1.
"""

import argparse
import errno
import hashlib
import io
import os
import socket
import sys
import tempfile
from pathlib import Path
from types import ModuleType

from database_state import StartError, State, bring_up_to_date, name_of

ROOT = Path(__file__).resolve().parent.parent


def listening_socket(host: str, port: int) -> socket.socket:
    """Take the address before anything else is done, so that nobody else takes it meanwhile."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(1)  # another listener's port can be bound, but not listened on
    except OSError as error:
        listener.close()
        raise StartError(_why_not(error, host, port)) from error
    listener.set_inheritable(True)
    return listener


def port_number(text: str) -> int:
    """Read a port, or stop with the reason."""
    try:
        port = int(text)
    except ValueError:
        port = 0
    if not 0 < port < 65536:
        raise StartError(f"there is no port {text}: choose one from 1024 to 65535, as in make run PORT=8001")
    return port


def _why_not(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is taken by another program: make run PORT={port + 1}"
    if error.errno == errno.EACCES:
        return f"port {port} is not for you to take: make run PORT=8000"
    return f"cannot listen on {host}:{port}: {error.strerror or error}"


def check_folder(folder: Path, name: str) -> None:
    """Stop where a folder cannot be made or written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise StartError(
            f"{folder} cannot be written ({error.strerror}): set {name} to a folder that you may write"
        ) from error


def load_settings():
    """Start Django and give its settings."""
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tom_project.settings")
    check_folder(Path(os.environ.get("TOM_DATA_DIR") or ROOT / "data").expanduser(), "TOM_DATA_DIR")
    import django
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import call_command
    from django.core.management.base import SystemCheckError

    try:
        django.setup()
        if settings.STORAGES["default"]["BACKEND"].endswith("FileSystemStorage"):
            check_folder(Path(settings.MEDIA_ROOT), "MEDIA_ROOT")
        call_command("check", stdout=io.StringIO())
    except (ImproperlyConfigured, ImportError, ValueError) as error:
        raise StartError(f"the settings cannot be used: {error}") from error
    except SystemCheckError as error:
        raise StartError(f"the settings do not pass Django's checks: {error}") from error
    return settings


def collect_static(settings) -> None:
    """Gather scripts and styles under their hashed names, unless those there are the present ones."""
    from django.contrib.staticfiles.finders import get_finders
    from django.core.management import call_command

    found = hashlib.sha256(str(settings.STORAGES["staticfiles"]).encode())
    for finder in get_finders():
        for path, storage in finder.list(ignore_patterns=None):
            status = os.stat(storage.path(path))
            found.update(f"{path} {status.st_size} {status.st_mtime_ns}\n".encode())
    target = Path(settings.STATIC_ROOT)
    stamp = target / ".made-from"
    if stamp.is_file() and stamp.read_text() == found.hexdigest():
        return
    print("Gathering scripts and styles ...", flush=True)
    check_folder(target, "STATIC_ROOT")
    stamp.unlink(missing_ok=True)
    call_command("collectstatic", verbosity=0, interactive=False)
    stamp.write_text(found.hexdigest())


def load_demo(settings, state: State, connection) -> None:
    """Load the demo into a database that was just made, or go on with a demo that was interrupted."""
    from django.core.management import call_command, get_commands

    if "demo" not in get_commands():
        return
    unfinished = Path(settings.DATA_DIR) / "demo-unfinished"
    where = name_of(connection)
    if state is State.NEW:
        unfinished.write_text(where)
    if not (unfinished.is_file() and unfinished.read_text() == where):
        return
    print("Simulating a survey for the demo (manage.py demo --remove takes it away again) ...", flush=True)
    told = io.StringIO()
    call_command("demo", stdout=told)
    print(told.getvalue().partition("\n")[0], flush=True)  # the accounts are told below, at every start
    unfinished.unlink()


def accounts() -> list[str]:
    """Give the lines that tell of the demo's accounts, for those that exist."""
    from django.contrib.auth import get_user_model

    from tom_alerts.demo import DEMO_ACCOUNTS, passwords_are_safe

    existing = set(get_user_model().objects.values_list("username", flat=True))
    shown = [account for account in DEMO_ACCOUNTS if account.username in existing]
    if not shown:
        return []
    if not passwords_are_safe():
        return ["", "  The demo's accounts have no passwords here: manage.py changepassword NAME sets one."]
    lines = [f"    {one.username:10} {one.password:15} {one.description}" for one in shown]
    return ["", f"  Log in as    {'with password':15} who", *lines]


def welcome(settings, host: str, port: int) -> str:
    """Give what is printed once pages are served."""
    shown = "localhost" if host in {"127.0.0.1", "0.0.0.0", "::", "::1"} else host  # noqa: S104
    lines = ["", f"  {settings.TOM_NAME} is served at http://{shown}:{port}/", *accounts(), ""]
    return "\n".join([*lines, "  Ctrl-C stops it.", ""])


def serve(descriptor: int, message: str) -> None:
    """Serve pages on a listening socket until stopped: one process (SQLite has one writer), and threads."""
    from gunicorn.app.base import BaseApplication

    from tom_project import gunicorn_conf
    from tom_project.wsgi import application

    wanted = {
        name: value
        for name, value in vars(gunicorn_conf).items()
        if name.islower() and name[0] != "_" and not isinstance(value, ModuleType)
    }
    wanted |= {
        "bind": f"fd://{descriptor}",
        "workers": 1,
        "max_requests": 0,
        "when_ready": lambda _server: print(message, flush=True),
    }

    class Server(BaseApplication):
        def load_config(self):
            for name, value in wanted.items():
                self.cfg.set(name, value)

        def load(self):
            return application

    Server().run()


def start(host: str, port: int) -> None:
    """Do all that ``make run`` does."""
    listener = listening_socket(host, port)
    settings = load_settings()
    from django.db import connection, connections

    state = bring_up_to_date(connection)
    collect_static(settings)
    load_demo(settings, state, connection)
    message = welcome(settings, host, port)
    connections.close_all()
    serve(listener.detach(), message)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (0.0.0.0: every one)")
    parser.add_argument("--port", default="8000")
    options = parser.parse_args()
    os.chdir(ROOT)
    try:
        start(options.host, port_number(options.port))
    except StartError as error:
        print(f"make run: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
