"""Keeps what somebody typed while their session ended, and offers to send it after they logged in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse

COOKIE = "kept_input"
KEPT_FOR_S = 3600
MAX_CHARACTERS = 200_000
_SECRETS = ("password", "token", "secret", "api_key")


class KeptInputMiddleware:
    """Notes a POST that is sent to the login page; asks whether to send it when its page is opened again.

    The input lies in the session. A cookie for that one path tells when to look, so that other requests cost
    nothing. Files and passwords are not kept.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer with the question, or with what the view answers."""
        if request.method == "GET" and COOKIE in request.COOKIES and request.user.is_authenticated:
            return self._ask(request)
        response = self.get_response(request)
        if (
            request.method == "POST"
            and _leads_back_by_login(request, response)
            and _is_from_our_page(request)
        ):
            self._keep(request, response)
        return response

    def _keep(self, request: HttpRequest, response: HttpResponseBase) -> None:
        data = {name: values for name, values in request.POST.lists() if _may_be_kept(name)}
        if not data or sum(len(value) for values in data.values() for value in values) > MAX_CHARACTERS:
            return
        request.session[COOKIE] = {"path": request.path, "data": data, "had_files": bool(request.FILES)}
        response.set_cookie(
            COOKIE,
            "1",
            max_age=KEPT_FOR_S,
            path=request.path,
            httponly=True,
            samesite="Lax",
            secure=request.is_secure(),
        )

    def _ask(self, request: HttpRequest) -> HttpResponseBase:
        kept = request.session.get(COOKIE)
        if not kept or kept["path"] != request.path:
            response = self.get_response(request)
        else:
            del request.session[COOKIE]
            response = self._question(request, kept)
        response.delete_cookie(COOKIE, path=request.path, samesite="Lax")
        return response

    @staticmethod
    def _question(request: HttpRequest, kept: dict[str, Any]) -> HttpResponse:
        fields = [(name, value) for name, values in kept["data"].items() for value in values]
        shown = [(name.replace("_", " "), value) for name, value in fields if value.strip()]
        # A browser drops the first line feed of a text area, and layout tools move one written in a template.
        fields = [(name, f"\n{value}") for name, value in fields]
        context = {"fields": fields, "shown": shown, "had_files": kept["had_files"]}
        return render(request, "tom_common/kept_input.html", context)


def _may_be_kept(name: str) -> bool:
    return not any(secret in name.lower() for secret in _SECRETS)  # csrfmiddlewaretoken is among them


def _leads_back_by_login(request: HttpRequest, response: HttpResponseBase) -> bool:
    """Whether an anonymous visitor is sent to the login page and from there to where the form was sent."""
    if response.status_code != 302 or request.headers.get("HX-Request") or request.user.is_authenticated:
        return False
    target = urlsplit(response.get("Location", ""))
    try:
        login = reverse("login")
    except NoReverseMatch:
        return False
    return target.path == login and parse_qs(target.query).get("next") == [request.get_full_path()]


def _is_from_our_page(request: HttpRequest) -> bool:
    """Whether the request carries our token; one that was refused before the view was not checked yet."""
    if getattr(request, "csrf_processing_done", False):
        return True

    def no_view(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    return CsrfViewMiddleware(no_view).process_view(request, no_view, (), {}) is None
