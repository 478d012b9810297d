"""Our apps start on the settings that plugins' own suites write by hand, each in a process of its own."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.once]

ROOT = Path(__file__).resolve().parent.parent

CONTRIB = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.sites",
]
# plugin-api 0.5, as tom-registration 1.0.5 and its contemporaries spell it out.
G2_APPS = [
    *CONTRIB,
    "django_extensions",
    "guardian",
    "tom_common",
    "django_comments",
    "bootstrap4",
    "crispy_forms",
    "rest_framework",
    "rest_framework.authtoken",
    "django_filters",
    "django_gravatar",
    "tom_targets",
    "tom_alerts",
    "tom_catalogs",
    "tom_observations",
    "tom_dataproducts",
]
# plugin-api 0.5, as fink 1.0.0 does: without tom_common.
SHORTEST_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django_extensions",
    "guardian",
    "tom_targets",
    "tom_observations",
    "tom_alerts",
    "tom_dataproducts",
    "tom_dataservices",
]
G2_MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "tom_common.middleware.Raise403Middleware",
    "tom_common.middleware.ExternalServiceMiddleware",
    "tom_common.middleware.AuthStrategyMiddleware",
]

PLUGIN = {
    "__init__.py": "",
    "models.py": """
        from django.db import models

        class Followup(models.Model):
            target = models.ForeignKey("tom_targets.BaseTarget", on_delete=models.CASCADE)
            note = models.CharField(max_length=20, default="")
        """,
    "migrations/__init__.py": "",
    "migrations/0001_initial.py": """
        import django.db.models.deletion
        from django.db import migrations, models

        class Migration(migrations.Migration):
            initial = True
            dependencies = [("tom_targets", "0026_alter_basetarget_permissions")]
            operations = [
                migrations.CreateModel(
                    name="Followup",
                    fields=[
                        ("id", models.AutoField(auto_created=True, primary_key=True, serialize=False,
                                                verbose_name="ID")),
                        ("target", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE,
                                                     to="tom_targets.basetarget")),
                    ],
                ),
            ]
        """,
    "migrations/0002_followup_note.py": """
        from django.db import migrations, models

        class Migration(migrations.Migration):
            dependencies = [
                ("dummy_plugin", "0001_initial"),
                ("tom_targets", "0030_alter_basetarget_slope"),
            ]
            operations = [
                migrations.AddField("followup", "note", models.CharField(max_length=20, default="")),
            ]
        """,
}

SUITE = """
    import json, sys
    from pathlib import Path

    case = json.loads(Path("case.json").read_text())
    from tom_common import default_settings
    from django.conf import settings

    apps = case["apps"] or default_settings.TOMTOOKIT_INSTALLED_APPS
    given = dict(
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "db.sqlite3"}},
        INSTALLED_APPS=[*apps, "dummy_plugin"],
        MIDDLEWARE=case["middleware"] or default_settings.TOMTOOKIT_MIDDLEWARE,
        EXTRA_FIELDS={},
        HOOKS={
            "target_post_save": "tom_common.hooks.target_post_save",
            "observation_change_state": "tom_common.hooks.observation_change_state",
            "data_product_post_upload": "tom_dataproducts.hooks.data_product_post_upload",
        },
        AUTHENTICATION_BACKENDS=(
            "django.contrib.auth.backends.ModelBackend",
            "guardian.backends.ObjectPermissionBackend",
        ),
        TEMPLATES=[{
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {"context_processors": [
                "django.template.context_processors.debug",
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]},
        }],
        AUTH_STRATEGY="READ_ONLY",
        TOM_NAME="A suite's TOM",
        SITE_ID=1,
        SECRET_KEY="x" * 60,
        STATIC_URL="/static/",
        STATIC_ROOT="static",
        MEDIA_URL="/data/",
        MEDIA_ROOT="data",
        FACILITIES={"LCO": {"portal_url": "https://example.org", "api_key": ""}},
        TOM_FACILITY_CLASSES=[
            "tom_observations.facilities.lco_redirect.LCORedirectFacility",
            "tom_observations.facilities.gemini.GEMFacility",
            "tom_observations.facilities.lt.LTFacility",
        ],
        ALLOWED_HOSTS=["testserver"],
        USE_TZ=True,
    )
    if case["urlconf"]:
        given["ROOT_URLCONF"] = case["urlconf"]
    settings.configure(**given)

    import django
    from django.core.management import call_command

    django.setup()
    call_command("check")
    call_command("migrate", verbosity=0)
    labels = [app for app in apps if app.startswith("tom_") and app not in ("tom_catalogs", "tom_base")]
    call_command("makemigrations", *labels, "dummy_plugin", check=True, dry_run=True)

    for name in case["imports"]:
        __import__(name)

    from dummy_plugin.models import Followup
    from tom_targets.models import Target

    target = Target.objects.create(name="SN 2026a", type="SIDEREAL", ra=10.0, dec=-5.0, permissions="OPEN")
    Followup.objects.create(target=target)
    assert Followup.objects.get().target.name == "SN 2026a"

    from django.test import Client

    for path in case["paths"]:
        answer = Client().get(path)
        print(path, answer.status_code)
        assert answer.status_code == 200, (path, answer.status_code, answer.content[:2000])
    print("the suite boots")
    """

URLCONF = """
    from django.urls import include, path

    from tom_common.urls import urlpatterns as ours

    ours.insert(0, path("pending/", lambda request: None, name="pending"))  # as tom-registration does
    urlpatterns = [path("", include("tom_common.urls"))]
    """

TARGETS_ONLY = """
    from django.urls import include, path

    urlpatterns = [path("targets/", include("tom_targets.urls"))]
    """

PAGES = ["/", "/accounts/login/", "/targets/"]
SERVICES = [
    f"tom_dataservices.data_services.{path.stem}"
    for path in sorted((ROOT / "tom_dataservices" / "data_services").glob("*.py"))
]
CASES = {
    "with tom_common.urls": {"urlconf": "tom_common.urls", "paths": PAGES},
    "with no URL configuration": {},
    "with a module that includes tom_common.urls": {"urlconf": "suite_urls", "paths": PAGES},
    "with nothing but the targets' URLs": {"urlconf": "suite_target_urls"},
    "with the app list of the second generation": {
        "apps": G2_APPS,
        "middleware": G2_MIDDLEWARE,
        "urlconf": "tom_common.urls",
        "paths": PAGES,
    },
    "with the app list of the second generation and no URLs": {"apps": G2_APPS, "middleware": G2_MIDDLEWARE},
    "without tom_common": {
        "apps": SHORTEST_APPS,
        "middleware": ["django.middleware.common.CommonMiddleware"],
        "imports": SERVICES,
    },
}


def _write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text))


@pytest.mark.parametrize("name", CASES)
def test_a_plugin_suite_boots(tmp_path, name):
    case = {"apps": None, "middleware": None, "urlconf": None, "paths": [], "imports": [], **CASES[name]}
    _write(tmp_path / "dummy_plugin", PLUGIN)
    _write(
        tmp_path,
        {
            "suite.py": SUITE,
            "suite_urls.py": URLCONF,
            "suite_target_urls.py": TARGETS_ONLY,
            "case.json": json.dumps(case),
        },
    )
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"}
    for variable in ("DJANGO_SETTINGS_MODULE", "DATABASE_URL", "TEST_DATABASE_URL", "TOM_DATA_DIR"):
        environment.pop(variable, None)
    done = subprocess.run(
        [sys.executable, "suite.py"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("the suite boots\n")
