"""Migrate an empty database, load the demo, ask for every page without arguments (``tools/smoke.py URL``).

Run on MariaDB, whose whole test-suite is not worth its time: what differs between engines shows here.
"""

import logging
import os
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
MAIN_PAGES = ("/", "/targets/", "/accounts/login/", "/api/", "/api/targets/", "/api/schema/")


def fresh_database(scratch: Path):
    """Set Django up on a database of its own, and give what removes it."""
    (scratch / "static").mkdir()
    os.environ.update(
        TEST_DATABASE_URL=sys.argv[1],
        DJANGO_SETTINGS_MODULE="tests.settings",
        TOM_TEST_SUFFIX=f"smoke{os.getpid()}",
    )
    import django
    from django.test.utils import setup_databases, setup_test_environment, teardown_databases

    django.setup()
    logging.getLogger("django.request").setLevel(logging.ERROR)  # a 403 or 404 is no news here
    setup_test_environment(debug=False)
    old = setup_databases(verbosity=1, interactive=False)
    return lambda: teardown_databases(old, verbosity=1)


def plain_paths(patterns, prefix: str = "") -> list[str]:
    """Give the paths of the URL configuration that take no argument."""
    from django.urls import URLResolver
    from django.urls.resolvers import RoutePattern

    found = []
    for entry in patterns:
        if not isinstance(entry.pattern, RoutePattern) or "<" in str(entry.pattern):
            continue
        path = prefix + str(entry.pattern)
        found += plain_paths(entry.url_patterns, path) if isinstance(entry, URLResolver) else ["/" + path]
    return found


def ask_for_pages() -> list[str]:
    """Ask for the pages as a visitor, as each user and as a superuser; give what went wrong, a line each."""
    from django.contrib.auth import get_user_model
    from django.test import Client
    from django.urls import get_resolver

    users = get_user_model().objects
    users.create_superuser("smoke", "smoke@localhost", "smoke")
    target = first_target()
    extra = [f"/targets/{target}/", f"/dataproducts/target/{target}/photometry.json"] if target else []
    paths = sorted({*plain_paths(get_resolver().url_patterns), *MAIN_PAGES, *extra})
    wrong, asked = [], 0
    for user in [None, *users.filter(is_active=True)]:
        client = Client(raise_request_exception=False)
        if user:
            client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        for path in paths:
            if "logout" in path:
                continue
            status = client.get(path).status_code
            asked += 1
            main = path in {*MAIN_PAGES, *extra}
            if status >= 500 or (main and user and user.is_superuser and status != 200):
                wrong.append(f"{path} as {user or 'a visitor'}: {status}")
    print(f"asked for {asked} pages, {len(wrong)} went wrong")
    return wrong


def first_target() -> int | None:
    """Give the primary key of a target that everybody may see."""
    from tom_targets.models import Target

    return Target.objects.filter(permissions="OPEN").values_list("pk", flat=True).first()


def main() -> int:
    from django.core.management import call_command, get_commands
    from django.db import connection

    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="tom-smoke-") as scratch:
        remove = fresh_database(Path(scratch))
        try:
            if "demo" in get_commands():
                call_command("demo")
                call_command("demo")  # a second time changes nothing
            wrong = ask_for_pages()
        finally:
            remove()
    print("\n".join(wrong))
    print(f"smoke run on {connection.vendor}: {time.monotonic() - begun:.0f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
