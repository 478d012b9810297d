"""A service of one's own, written from the three steps that people follow, in a project of bare settings."""

import json
import os
import subprocess
import sys
import textwrap

import pytest

from tests.test_bare_settings import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.once]

SERVICES = """
    from crispy_forms.layout import Div, Layout
    from django import forms
    from django.core.files.base import ContentFile
    from datetime import datetime, timezone

    from tom_dataproducts.data_processor import DataProcessor, run_data_processor
    from tom_dataproducts.models import DataProduct
    from tom_dataproducts.single_target_data_service import single_target_data_service as stds
    from tom_targets.models import Target


    class ArchiveForm(stds.BaseSingleTargetDataServiceQueryForm):
        days = forms.IntegerField(initial=30)
        since = forms.DateField(required=False)

        def layout(self):
            return Layout(Div("days", "since", css_class="of-my-own"))


    class ArchiveService(stds.BaseSingleTargetDataService):
        name = "My archive"
        info_url = "https://archive.example.org"
        service_notes = "From the cellar."

        def __init__(self):
            super().__init__()
            self.success_message = "The archive was asked."

        def get_form(self):
            return ArchiveForm

        def get_success_message(self):
            return self.success_message

        def get_data_product_type(self):
            return "archive_photometry"

        def validate_form(self, query_parameters):
            pass

        def query_service(self, query_parameters):
            days = query_parameters["days"]
            if days > 100:
                raise stds.SingleTargetDataServiceException("The cellar holds 100 days.")
            target = Target.objects.get(pk=query_parameters["target_id"])
            text = "\\n".join(f"{60000 + day} {15 + day}" for day in range(days))
            product = DataProduct.objects.create(
                product_id=f"{target.name}-archive-{days}",
                target=target,
                data=ContentFile(text.encode(), name="archive.txt"),
                data_product_type=self.get_data_product_type(),
            )
            run_data_processor(product)
            return True


    class ArchiveProcessor(DataProcessor):
        def data_type_override(self):
            return "photometry"

        def process_data(self, data_product):
            found = []
            with data_product.data.open("r") as file:
                for line in file.read().splitlines():
                    mjd, magnitude = map(float, line.split())
                    moment = datetime.fromtimestamp((mjd - 40587) * 86400, timezone.utc)
                    found.append((moment, {"magnitude": magnitude, "filter": "r", "error": 0.1}, "Archive"))
            return found
    """

PROJECT = """
    import json, sys, time
    from pathlib import Path

    from django.conf import settings
    from tom_common import default_settings

    case = json.loads(Path("case.json").read_text())
    more = {}
    if case["dramatiq"]:
        broker = "dramatiq.brokers.stub.StubBroker"
        names = ("AgeLimit", "TimeLimit", "Callbacks", "Retries")
        middleware = [f"dramatiq.middleware.{name}" for name in names]
        middleware.append("django_dramatiq.middleware.DbConnectionsMiddleware")
        more = {"DRAMATIQ_BROKER": {"BROKER": broker, "OPTIONS": {}, "MIDDLEWARE": middleware}}
    settings.configure(
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "db.sqlite3"}},
        INSTALLED_APPS=[*default_settings.TOMTOOLKIT_INSTALLED_APPS, *case["apps"]],
        MIDDLEWARE=default_settings.TOMTOOLKIT_MIDDLEWARE,
        TEMPLATES=[{
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {"context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]},
        }],
        CRISPY_TEMPLATE_PACK=case["pack"],
        EXTRA_FIELDS={},
        ROOT_URLCONF="tom_common.urls",
        SITE_ID=1,
        SECRET_KEY="x" * 60,
        STATIC_URL="/static/",
        MEDIA_ROOT="data",
        ALLOWED_HOSTS=["testserver"],
        USE_TZ=True,
        DATA_PRODUCT_TYPES={"archive_photometry": ("archive_photometry", "Archive")},
        DATA_PROCESSORS={"archive_photometry": "my_services.ArchiveProcessor"},
        **{case["setting"]: {"ANY KEY": {"class": "my_services.ArchiveService", "url": "https://example.org"}}},
        **more,
    )
    import django
    django.setup()
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.test import Client

    call_command("check")
    call_command("migrate", verbosity=0)
    from tom_common.models import Job
    from tom_dataproducts.models import DataProduct, PhotometryReducedDatum, ServiceQuery
    from tom_dataproducts.single_target_data_service.single_target_data_service import (
        get_service_class, get_service_classes,
    )
    from tom_targets.models import Target

    assert list(get_service_classes()) == ["My archive"], get_service_classes()
    try:
        get_service_class("ANY KEY")
    except ImportError as error:
        print(error)
    else:
        raise AssertionError("the key of the dict is no name")
    target = Target.objects.create(name="SN 2026a", type="SIDEREAL", ra=10.0, dec=-5.0, permissions="OPEN")
    User.objects.create_superuser("pi", password="pi")
    client = Client()
    client.login(username="pi", password="pi")

    url = f"/dataproducts/data/single_target_data_service/My%20archive/query/?target_id={target.pk}"
    section = client.get(f"/targets/{target.pk}/section/data-services/", headers={"HX-Request": "true"})
    if section.status_code == 200:
        assert url.split("?")[0] in section.content.decode()
    page = client.get(url)
    assert page.status_code == 200, page.content
    assert "https://archive.example.org" in page.content.decode()
    assert "From the cellar." in page.content.decode()
    assert ("of-my-own" in page.content.decode()) == bool(case["pack"]), page.content.decode()
    values = {"service": "My archive", "target_id": target.pk}

    def wait():
        if case["dramatiq"]:
            import dramatiq
            assert Job.objects.latest("pk").state == "queued"
            worker = dramatiq.Worker(dramatiq.get_broker(), worker_threads=1, worker_timeout=50)
            worker.start()
            for _ in range(200):
                if Job.objects.latest("pk").is_finished:
                    break
                time.sleep(0.1)
            worker.stop()

    answer = client.post(url, {**values, "days": 3})
    place = "#data-services" if case["dramatiq"] else ""
    assert answer.status_code == 302, answer.content
    assert answer.url == f"/targets/{target.pk}/?tab=photometry{place}", answer.url
    wait()
    query = ServiceQuery.objects.get()
    assert (query.state, query.message) == ("done", "The archive was asked."), query.error
    assert query.product is not None and query.words == "Days 3", query.words
    assert PhotometryReducedDatum.objects.count() == 3, PhotometryReducedDatum.objects.count()
    assert DataProduct.objects.get().data_product_type == "archive_photometry"

    answer = client.post(url, {**values, "days": 300})
    if case["dramatiq"]:
        wait()
        assert Job.objects.latest("pk").error == "The cellar holds 100 days.", Job.objects.latest("pk").error
    else:
        assert answer.status_code == 200 and "The cellar holds 100 days." in answer.content.decode()
    failed = ServiceQuery.objects.latest("pk")
    assert (failed.state, failed.error) == ("failed", "The cellar holds 100 days."), failed.error
    answer = client.post(url, {**values, "days": "many"})
    assert answer.status_code == 200 and "Enter a whole number." in answer.content.decode()
    print("the service works")
    """

CASES = {
    "without dramatiq": {},
    "without crispy's templates": {"pack": ""},
    "by the old name of the setting": {"setting": "FORCED_PHOTOMETRY_SERVICES"},
    "with dramatiq": {"dramatiq": True, "apps": ["django_dramatiq"]},
}


@pytest.mark.parametrize("name", CASES)
def test_a_service_written_from_the_three_steps_works(tmp_path, name):
    case = {"dramatiq": False, "apps": [], "pack": "bootstrap4", "setting": "SINGLE_TARGET_DATA_SERVICES"}
    (tmp_path / "my_services.py").write_text(textwrap.dedent(SERVICES))
    (tmp_path / "project.py").write_text(textwrap.dedent(PROJECT))
    (tmp_path / "case.json").write_text(json.dumps({**case, **CASES[name]}))
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"}
    for variable in ("DJANGO_SETTINGS_MODULE", "DATABASE_URL", "TEST_DATABASE_URL", "TOM_DATA_DIR"):
        environment.pop(variable, None)
    done = subprocess.run(
        [sys.executable, "project.py"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("the service works\n")
