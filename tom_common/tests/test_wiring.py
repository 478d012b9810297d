"""The router, the URLs, the static files and the small helpers that hold the house together."""

import subprocess
import sys

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser, Group
from django.contrib.messages import get_messages
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.http import HttpResponse
from django.test import RequestFactory
from django.urls import get_resolver, resolve, reverse
from django.views import View
from rest_framework import serializers, viewsets

from tom_common import api_router, hints, urls
from tom_common.mixins import Raise403PermissionRequiredMixin, SuperuserRequiredMixin
from tom_common.staticfiles import HashedStaticFilesStorage

# --- REST router


class GroupSerializer(serializers.ModelSerializer):
    class Meta:
        model = Group
        fields = ("id",)


class GroupViewSet(viewsets.ModelViewSet):
    queryset = Group.objects.all()
    serializer_class = GroupSerializer


@pytest.fixture
def router(monkeypatch):
    from rest_framework.routers import DefaultRouter

    monkeypatch.setattr(api_router.SharedAPIRootRouter, "shared_router", DefaultRouter())
    return api_router.SharedAPIRootRouter()


def test_routes_are_shared_and_named_after_the_model(router):
    router.register("crowds", GroupViewSet)
    shared = api_router.SharedAPIRootRouter.shared_router

    assert [(prefix, name) for prefix, _, name in shared.registry] == [("crowds", "group")]
    assert {pattern.name for pattern in router.urls} == {"group-list", "group-detail"}


def test_second_route_of_a_name_is_left_out_and_logged(router, caplog):
    router.register("crowds", GroupViewSet, basename="crowd")
    api_router.SharedAPIRootRouter().register("others", GroupViewSet, basename="crowd")

    assert [prefix for prefix, _, _ in api_router.SharedAPIRootRouter.shared_router.registry] == ["crowds"]
    assert "'crowd'" in caplog.text


def test_app_whose_urls_are_broken_does_not_take_the_api_down(
    router, settings, tmp_path, monkeypatch, caplog
):
    for name, content in (
        ("broken_app", "import no_such_module_at_all"),
        ("raising_app", "1 / 0"),
        ("plain_app", None),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("")
        if content:
            (tmp_path / name / "urls.py").write_text(content)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(api_router.settings, "INSTALLED_APPS", ["broken_app", "raising_app", "plain_app"])

    assert [pattern.name for pattern in api_router.collect_api_urls() if "root" in pattern.name]
    assert "broken_app.urls" in caplog.text
    assert "raising_app.urls" in caplog.text
    assert "plain_app" not in caplog.text


def test_app_may_be_named_by_its_config():
    assert api_router._package_of("tom_common.apps.TomCommonConfig") == "tom_common"
    assert api_router._package_of("tom_targets") == "tom_targets"


# --- URLs


def test_urlpatterns_are_a_list_that_plugins_insert_into():
    assert type(urls.urlpatterns) is list


def test_page_of_a_plugin_takes_the_place_of_ours(tmp_path):
    code = f"""
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
sys.path.insert(0, {str(tmp_path)!r})
import django
from django.conf import settings
settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "replacing_app"]
django.setup()
from django.urls import resolve
print(resolve("/accounts/login/").func.__name__, resolve("/").url_name)
"""
    (tmp_path / "replacing_app").mkdir()
    (tmp_path / "replacing_app" / "__init__.py").write_text("")
    (tmp_path / "replacing_app" / "apps.py").write_text(
        "from django.apps import AppConfig\n"
        "from django.urls import path\n"
        "def own_login(request): pass\n"
        "class Config(AppConfig):\n"
        "    name = 'replacing_app'\n"
        "    def include_url_paths(self):\n"
        "        return [path('', own_login), path('accounts/login/', own_login)]\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )

    assert done.stdout.split() == ["own_login", "home"]


@pytest.mark.parametrize(
    "namespace", ["api", "targets", "alerts", "observations", "dataproducts", "dataservices"]
)
def test_namespaces_of_the_contract_exist(namespace):
    assert namespace in get_resolver().namespace_dict


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("job-list", "/jobs/"),
        ("notification-list", "/notifications/"),
        ("api-token-auth", "/api/token-auth/"),
        ("api-schema", "/api/schema/"),
        ("api:api-root", "/api/"),
        ("rest_framework:login", "/api-auth/login/"),
        ("admin:index", "/admin/"),
    ],
)
def test_addresses(name, address):
    assert reverse(name) == address
    assert resolve(address)


def test_token_is_given_for_a_password(client, db):
    get_user_model().objects.create_user("ann", password="right")

    assert (
        len(client.post("/api/token-auth/", {"username": "ann", "password": "right"}).json()["token"]) == 40
    )
    assert client.post("/api/token-auth/", {"username": "ann", "password": "wrong"}).status_code == 400


def test_schema_and_its_page_are_served_by_us(client, db):
    schema = client.get("/api/schema/")
    page = client.get("/api/docs/").content.decode()

    assert schema.status_code == 200
    assert "https://" not in page


# --- static files


@pytest.fixture
def storage(tmp_path, settings):
    settings.DEBUG = False
    return HashedStaticFilesStorage(location=str(tmp_path), base_url="/static/")


def test_files_have_plain_names_before_they_are_collected(storage):
    assert storage.url("tom_common/css/main.css") == "/static/tom_common/css/main.css"
    assert storage.url("no/such/file.js") == "/static/no/such/file.js"
    assert storage.url("fonts/a.svg#icon") == "/static/fonts/a.svg#icon"


def _collect(storage, files):
    for name, content in files.items():
        storage._save(name, ContentFile(content))
    results = list(storage.post_process({name: (storage, name) for name in files}))
    return [outcome for _, _, outcome in results if isinstance(outcome, Exception)]


def test_collected_files_have_hashed_names_also_inside_styles(storage):
    errors = _collect(storage, {"a.css": b"b { background: url(i.png) }", "i.png": b"png"})
    with storage.open(storage.stored_name("a.css")) as file:
        style = file.read().decode()

    assert errors == []
    assert storage.url("a.css") != "/static/a.css"
    assert storage.stored_name("i.png") in style


def test_style_that_names_a_missing_file_can_be_collected(storage):
    errors = _collect(storage, {"vendor.css": b"b { background: url(missing.png) } c { src: url(x.eot) }"})

    assert errors == []
    assert storage.url("vendor.css") != "/static/vendor.css"
    assert storage.url("never/collected.js") == "/static/never/collected.js"


def test_names_with_fragment_or_query_are_kept(storage):
    _collect(storage, {"sprite.svg": b"<svg/>"})

    assert storage.url("sprite.svg#star").endswith("#star")
    assert storage.url("sprite.svg#star") != "/static/sprite.svg#star"


def test_storage_of_the_tests_serves_plain_names():
    assert staticfiles_storage.url("tom_common/css/main.css").startswith("/static/tom_common/css/main")


# --- mixins and hints


class SuperuserPage(SuperuserRequiredMixin, View):
    def get(self, request):
        return HttpResponse("in")


class GuardedPage(Raise403PermissionRequiredMixin, View):
    permission_required = "auth.add_group"

    def get(self, request):
        return HttpResponse("in")

    def get_object(self):
        return None


def _request(user):
    request = RequestFactory().get("/page/?a=1")
    request.user = user
    request.session = {}
    request._messages = FallbackStorage(request)
    return request


@pytest.mark.parametrize(
    ("flags", "status"), [({}, 302), ({"is_staff": True}, 302), ({"is_superuser": True}, 200)]
)
def test_superuser_page_sends_others_to_the_login_page(db, flags, status):
    response = SuperuserPage.as_view()(_request(get_user_model().objects.create(username="x", **flags)))

    assert response.status_code == status
    assert status == 200 or response["Location"] == "/accounts/login/?next=/page/%3Fa%3D1"


def test_anonymous_visitor_of_a_superuser_page_is_asked_to_log_in(db):
    assert SuperuserPage.as_view()(_request(AnonymousUser())).status_code == 302


def test_guarded_page_answers_403(db):
    plain = get_user_model().objects.create(username="plain")
    superuser = get_user_model().objects.create(username="super", is_superuser=True)

    assert GuardedPage.as_view()(_request(plain)).status_code == 403
    assert GuardedPage.as_view()(_request(superuser)).status_code == 200


@pytest.mark.parametrize(("enabled", "shown"), [(True, ["Try this."]), (False, [])])
def test_hints_are_shown_where_they_are_wanted(settings, enabled, shown):
    settings.HINTS_ENABLED = enabled
    request = _request(AnonymousUser())
    hints.add_hint(request, "Try this.")

    assert [str(message) for message in get_messages(request)] == shown


def test_check_imports_nothing_heavy():
    code = (
        "import os, sys; os.environ['DJANGO_SETTINGS_MODULE'] = 'tests.settings'\n"
        "import django; django.setup()\n"
        "from django.core.management import call_command; call_command('check')\n"
        "print([name for name in ('astropy', 'scipy', 'plotly', 'dramatiq') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )

    assert done.stdout.strip().splitlines()[-1] == "[]"


def test_models_and_migrations_agree(db):
    call_command("makemigrations", "tom_common", "--check", "--dry-run")
