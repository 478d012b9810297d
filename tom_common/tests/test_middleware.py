import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.contrib.messages import get_messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseForbidden, HttpResponseRedirect, JsonResponse
from django.test import RequestFactory
from django.urls import include, path
from rest_framework.authtoken.models import Token

from tom_common import middleware
from tom_common.exceptions import ImproperCredentialsException


def _refuse(request):
    raise PermissionDenied


def _forbidden(request):
    return HttpResponseForbidden("no")


def _forbidden_page(request):
    return HttpResponseForbidden("<html><body>own page</body></html>")


def _credentials(request):
    raise ImproperCredentialsException("LCO")


def _broken(request):
    raise ValueError("something else")


def _go(request):
    response = HttpResponseRedirect("/there/")
    response.set_cookie("kept", "yes")
    return response


urlpatterns = [
    path("refuse/", _refuse),
    path("forbidden/", _forbidden),
    path("forbidden-page/", _forbidden_page),
    path("credentials/", _credentials),
    path("broken/", _broken),
    path("go/", _go),
    path("fine/", lambda request: HttpResponse("fine")),
    path("api/refuse/", lambda request: JsonResponse({"detail": "no"}, status=403)),
    path("", include("tom_common.urls")),
]
pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]


@pytest.fixture
def ann():
    return get_user_model().objects.create_user("ann", password="x")


# --- a refusal


@pytest.mark.parametrize("where", ["/refuse/", "/forbidden/", "/forbidden-page/"])
def test_anonymous_visitor_who_is_refused_is_asked_to_log_in(client, where):
    response = client.get(f"{where}?a=1&b=2")

    assert (response.status_code, response["Location"]) == (
        302,
        f"/accounts/login/?next={where}%3Fa%3D1%26b%3D2",
    )
    assert "log in" in str(next(iter(get_messages(response.wsgi_request))))


@pytest.mark.parametrize("where", ["/refuse/", "/forbidden/"])
def test_logged_in_user_who_is_refused_gets_a_403_page(client, ann, where):
    client.force_login(ann)
    response = client.get(where)

    assert response.status_code == 403
    assert "</html>" in response.content.decode().lower()


def test_own_403_page_of_a_view_is_kept(client, ann):
    client.force_login(ann)

    assert b"own page" in client.get("/forbidden-page/").content


def test_refusal_of_the_api_stays_json(client):
    response = client.get("/api/refuse/")

    assert (response.status_code, response.json()) == (403, {"detail": "no"})


def test_refusal_of_a_program_is_no_redirect(client):
    assert client.get("/forbidden/", headers={"accept": "application/json"}).status_code == 403


# --- credentials of a service


def test_refused_credentials_lead_home_and_name_the_service(client, ann):
    client.force_login(ann)
    response = client.get("/credentials/")

    assert (response.status_code, response["Location"]) == (302, "/")
    assert "LCO" in str(next(iter(get_messages(response.wsgi_request))))


def test_other_exceptions_are_left_alone(client):
    with pytest.raises(ValueError, match="something else"):
        client.get("/broken/")


# --- htmx


def test_redirect_for_htmx_is_followed_as_a_page(client):
    response = client.get("/go/", headers={"hx-request": "true"})

    assert (response.status_code, response["HX-Redirect"]) == (200, "/there/")
    assert "Location" not in response
    assert response.cookies["kept"].value == "yes"


def test_redirect_for_a_browser_stays_a_redirect(client):
    response = client.get("/go/")

    assert (response.status_code, response["Location"]) == (302, "/there/")


# --- a locked TOM


@pytest.fixture
def locked(settings):
    settings.AUTH_STRATEGY = "LOCKED"


def test_locked_tom_asks_to_log_in(client, locked):
    response = client.get("/fine/")

    assert (response.status_code, response["Location"]) == (302, "/accounts/login/?next=/fine/")


@pytest.mark.parametrize("where", ["/accounts/login/", "/accounts/password_reset/", "/accounts/reset/done/"])
def test_locked_tom_shows_the_pages_to_get_in(client, locked, where):
    response = client.get(where)

    assert response.status_code == 200 or "next=" not in response["Location"]


def test_locked_tom_shows_open_urls(client, locked, settings):
    settings.OPEN_URLS = ["/fi*/"]

    assert client.get("/fine/").content == b"fine"


def test_locked_tom_lets_users_in(client, locked, ann):
    client.force_login(ann)

    assert client.get("/fine/").content == b"fine"


def test_open_tom_shows_itself(client, settings):
    settings.AUTH_STRATEGY = "READ_ONLY"

    assert client.get("/fine/").content == b"fine"


def test_api_of_a_locked_tom_answers_in_json(client, locked):
    response = client.get("/api/targets/")

    assert response.status_code == 403
    assert "credentials" in response.json()["detail"]


@pytest.mark.parametrize(("token", "expected"), [("right", 200), ("wrong", 403)])
def test_api_of_a_locked_tom_takes_tokens(client, locked, ann, token, expected):
    key = Token.objects.get_or_create(user=ann)[0].key if token == "right" else "0" * 40
    response = client.get("/api/schema/", headers={"authorization": f"Token {key}"})

    assert response.status_code == expected


def test_token_can_be_had_from_a_locked_tom(client, locked, ann):
    response = client.post("/api/token-auth/", {"username": "ann", "password": "x"})

    assert response.json()["token"] == Token.objects.get(user=ann).key


# --- requirements of an account


@pytest.fixture
def newcomer(settings, client):
    settings.TOM_ACCOUNT_REQUIREMENTS = ["tom_common.tests.plugged.needs_profile"]
    user = get_user_model().objects.create_user("new")
    client.force_login(user)
    return user


def test_unmet_requirement_leads_to_its_page(client, newcomer):
    response = client.get("/fine/")

    assert (response.status_code, response["Location"]) == (302, "/users/profile/")


def test_page_of_the_requirement_and_the_way_out_stay_open(client, newcomer):
    assert client.get("/users/profile/").status_code == 200
    assert "/users/profile/" not in client.post("/accounts/logout/")["Location"]


def test_met_requirement_is_not_noticed(client, newcomer, ann):
    client.force_login(ann)

    assert client.get("/fine/").content == b"fine"


# --- projects with less


@pytest.mark.parametrize(
    "cls",
    [middleware.AuthStrategyMiddleware, middleware.Raise403Middleware, middleware.ExternalServiceMiddleware],
)
def test_middleware_is_made_without_url_configuration(cls, settings):
    del settings.ROOT_URLCONF

    assert cls(lambda request: HttpResponse())


def test_old_list_of_middleware_works(settings, client):
    settings.MIDDLEWARE = [
        name
        for name in settings.MIDDLEWARE
        if "htmx" not in name.lower() and "AccountRequirements" not in name and "csp" not in name
    ]

    assert client.get("/refuse/").status_code == 302


def test_request_without_user_counts_as_anonymous(settings):
    settings.AUTH_STRATEGY = "LOCKED"
    request = RequestFactory().get("/fine/")

    with pytest.raises(PermissionDenied):
        middleware.AuthStrategyMiddleware(lambda request: HttpResponse())(request)
    request.user = AnonymousUser()
    with pytest.raises(PermissionDenied):
        middleware.AuthStrategyMiddleware(lambda request: HttpResponse())(request)
