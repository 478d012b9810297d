"""What happens around every request: who is let in, and what becomes of a refusal."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatch
from typing import Any
from urllib.parse import quote

from django.contrib import messages
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, Resolver404, resolve, reverse

from tom_common import conf
from tom_common.exceptions import ImproperCredentialsException
from tom_common.files import StorageUnavailable
from tom_common.history.scope import Scope, acting
from tom_common.hooks import import_method

GetResponse = Callable[[HttpRequest], HttpResponseBase]

# Pages that an anonymous visitor of a locked TOM needs in order to get in.
AUTHENTICATION_PAGES = frozenset(
    {
        "login",
        "logout",
        "password_reset",
        "password_reset_done",
        "password_reset_confirm",
        "password_reset_complete",
        "registration",
        "register",
        "api-token-auth",
        "robots_txt",
        "metrics",  # asks for a token itself
    }
)


def _path_of(name: str, fallback: str) -> str:
    try:
        return reverse(name)
    except (NoReverseMatch, ImproperlyConfigured, AttributeError):
        return fallback  # a project may leave the page out, or have no URL configuration at all


def _url_name(request: HttpRequest) -> str:
    try:
        return resolve(request.path_info).url_name or ""
    except Resolver404:
        return ""


def _is_anonymous(request: HttpRequest) -> bool:
    user = getattr(request, "user", None)
    return user is None or not user.is_authenticated


class ExternalServiceMiddleware:
    """Tell the user which service refused our credentials, on the home page; and that files cannot be had."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer a request."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer an `ImproperCredentialsException` with a message, a `StorageUnavailable` with status 503."""
        if isinstance(exception, StorageUnavailable):
            return _storage_is_away(request, str(exception))
        if not isinstance(exception, ImproperCredentialsException):
            return None
        messages.error(
            request,
            f"The service {exception} did not accept the credentials of this TOM."
            " Its administrator has to check them in the settings.",
            fail_silently=True,
        )
        return HttpResponseRedirect(_path_of("home", "/"))


def _storage_is_away(request: HttpRequest, text: str) -> HttpResponse:
    """Say that files can neither be read nor stored now; the request changed nothing that is kept."""
    if request.path_info.startswith("/api/") or not request.accepts("text/html"):
        response: HttpResponse = JsonResponse({"detail": text}, status=503)
    else:
        response = render(request, "tom_common/storage_away.html", {"text": text}, status=503)
    response["Retry-After"] = "60"
    return response


class Raise403Middleware:
    """Send an anonymous visitor who is refused a page to the login page; show a 403 page to everybody else.

    Answers under ``/api/`` stay as they are, and so do answers to programs that take no HTML.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer a request."""
        response = self.get_response(request)
        if response.status_code != 403 or request.path_info.startswith("/api/"):
            return response
        if not request.accepts("text/html"):
            return response
        if _is_anonymous(request):
            messages.error(request, "You need to log in to see this page.", fail_silently=True)
            login = _path_of("login", "/accounts/login/")
            return HttpResponseRedirect(f"{login}?next={quote(request.get_full_path())}")
        if self._is_page(response):
            return response
        return render(request, "403.html", {"exception": ""}, status=403)

    @staticmethod
    def _is_page(response: HttpResponseBase) -> bool:
        if response.streaming or not response.get("Content-Type", "").startswith("text/html"):
            return True
        return b"</html>" in getattr(response, "content", b"")[-2000:].lower()


class HTMXRedirectMiddleware:
    """Make htmx follow a redirect as a page, not inside the element that it was going to replace."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer a request."""
        response = self.get_response(request)
        if response.status_code == 302 and request.headers.get("HX-Request"):
            # The same response object keeps its cookies: a login answers with one.
            response.status_code = 200
            response.headers["HX-Redirect"] = response.headers["Location"]
            del response.headers["Location"]
        return response


class AuthStrategyMiddleware:
    """Show a TOM whose ``AUTH_STRATEGY`` is ``LOCKED`` to logged-in users only.

    It also tells the history who acts: the settings of every TOM have this class, and the user is known here.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer a request."""
        if conf.auth_strategy() == "LOCKED" and _is_anonymous(request) and not self._is_open(request):
            if request.path_info.startswith("/api/"):
                return JsonResponse({"detail": "Authentication credentials were not provided."}, status=403)
            raise PermissionDenied
        with acting(Scope(request=request)):
            return self.get_response(request)

    def _is_open(self, request: HttpRequest) -> bool:
        if request.path_info == _path_of("login", "/accounts/login/"):
            return True
        if any(fnmatch(request.path_info, pattern) for pattern in conf.open_urls()):
            return True
        name = _url_name(request)
        return (
            name in AUTHENTICATION_PAGES or name.startswith("account_") or self._has_api_credentials(request)
        )

    @staticmethod
    def _has_api_credentials(request: HttpRequest) -> bool:
        """Whether a request to the REST API carries a token or password that is valid."""
        if not request.path_info.startswith("/api/") or "Authorization" not in request.headers:
            return False
        from rest_framework.exceptions import APIException
        from rest_framework.request import Request
        from rest_framework.settings import api_settings

        classes: Any = api_settings.DEFAULT_AUTHENTICATION_CLASSES
        authenticators = [authenticator() for authenticator in classes]
        try:
            return Request(request, authenticators=authenticators).user.is_authenticated
        except APIException:
            return False


class AccountRequirementsMiddleware:
    """Send a logged-in user first to whatever the account still lacks, for example accepting the terms."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer a request."""
        requirements = conf.account_requirements()
        if requirements and not _is_anonymous(request) and not request.path_info.startswith("/api/"):
            for path in requirements:
                wanted = import_method(path)(request)
                if not wanted:
                    continue
                # The page that mends it, and the way out, are never themselves behind the requirement.
                if _url_name(request) in (wanted, "logout", "account_logout") or request.path_info == reverse(
                    wanted
                ):
                    break
                return HttpResponseRedirect(reverse(wanted))
        return self.get_response(request)
