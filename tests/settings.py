"""Settings of the test-suite: those of the project, apart from what a test may not share.

``TEST_DATABASE_URL`` (else ``DATABASE_URL``) chooses the engine; without them it is a SQLite
file that is thrown away.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

_scratch = Path(tempfile.mkdtemp(prefix="tom-tests-"))


def _remove_scratch(made_by: int = os.getpid()) -> None:
    if os.getpid() == made_by:  # not in a process forked by a test
        shutil.rmtree(_scratch, ignore_errors=True)


atexit.register(_remove_scratch)
(_scratch / "static").mkdir()

for _name in list(os.environ):
    if _name.startswith(("S3_", "CSP_", "HSTS_", "ZTF_", "ATLAS_", "MAST_", "FINK_")) or _name in {
        "ALLOWED_HOSTS",
        "AUTH_STRATEGY",
        "BEHIND_PROXY",
        "CSRF_TRUSTED_ORIGINS",
        "EMAIL_URL",
        "HTTPS",
        "LOG_LEVEL",
        "MEDIA_ROOT",
        "OPEN_URLS",
        "REDIS_URL",
        "STATIC_ROOT",
        "TARGET_DEFAULT_PERMISSION",
        "TARGET_PERMISSIONS_ONLY",
        "TARGET_TYPE",
        "TOM_BACKGROUND",
        "TOM_JOB_KEEP_DAYS",
        "TOM_METRICS_TOKEN",
        "TOM_NAME",
        "TOM_PLUGINS",
    }:
        del os.environ[_name]  # a developer's own settings do not decide what a test sees
os.environ.update(
    TOM_ENV_FILE=os.devnull,
    TOM_DATA_DIR=str(_scratch),
    DATABASE_URL=os.environ.get("TEST_DATABASE_URL") or os.environ.get("DATABASE_URL", ""),
    DEBUG="false",
    SECRET_KEY="only-for-tests-" + "x" * 50,
    CONN_MAX_AGE="0",
)

from tom_project.settings import *  # noqa: E402, F403
from tom_project.settings import DATABASES, STORAGES  # noqa: E402

if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["TEST"] = {"NAME": str(_scratch / "test.sqlite3")}
elif _suffix := os.environ.get("TOM_TEST_SUFFIX"):
    # Two runs on one database server need two names.
    DATABASES["default"]["TEST"] = {"NAME": f"test_{DATABASES['default']['NAME']}_{_suffix}"}

STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
# How stand-ins answer is not remembered from test to test; the tests of that turn it on.
TOM_RECORD_SERVICES = False
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
