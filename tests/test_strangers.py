"""Whoever was given nothing sees and changes nothing: every route of the site, with rows of every model."""

import re
import sys
from itertools import groupby, product

import pytest
from django.contrib.auth.models import User
from django.core.signals import got_request_exception
from django.test import Client
from django.urls import URLResolver, get_resolver
from django.urls.resolvers import RoutePattern

from tests.private_rows import KEY, MARK, make_private_rows, private_models

pytestmark = pytest.mark.django_db
NAMED = {"format": "csv", "service": "ATLAS", "broker": "Hermes", "name": "another name"}
LEFT_OUT = re.compile(r"^/(admin/|accounts/reset/|accounts/logout|__)|\.\(|<drf_format_suffix|\(\?P<url>")
WORDS = ("target", "target_id", "targets", "observation_record", "group", "user", "pk", "rows", "selected")
ASKED_FOR = "&".join(f"{word}={KEY}" for word in WORDS)


def routes(patterns, prefix="/"):
    """Give an address for each route, the private key in the place of each argument."""
    for entry in patterns:
        piece = str(entry.pattern)
        if not isinstance(entry.pattern, RoutePattern):
            piece = re.sub(r"\(\?P<(\w+)>[^)]*\)", lambda found: f"<{found[1]}>", piece)
            piece = piece.strip("^$").replace("/?", "/").replace("\\Z", "").replace("\\.", ".")
        if isinstance(entry, URLResolver):
            yield from routes(entry.url_patterns, prefix + piece)
            continue
        address = prefix + piece
        if not LEFT_OUT.search(address):
            yield re.sub(r"<(?:\w+:)?(\w+)>", lambda found: NAMED.get(found[1], str(KEY)), address)


def addresses():
    return sorted(set(routes(get_resolver().url_patterns)))


@pytest.fixture
def owner():
    return User.objects.create_user("keeper", password="keeper", id=KEY)


@pytest.fixture
def rows(owner):
    return make_private_rows(owner)


@pytest.fixture(params=["a visitor", "a stranger"])
def outsider(request):
    client = Client(raise_request_exception=False)
    if request.param == "a stranger":
        client.force_login(User.objects.create_user("stranger", password="stranger"))
    return client


@pytest.fixture
def broken():
    """Collect what views raise."""
    raised = []

    def note(**kwargs):
        raised.append(repr(sys.exception()))

    got_request_exception.connect(note)
    yield raised
    got_request_exception.disconnect(note)


def said(response):
    """Return all that an answer says, one that is streamed as well."""
    body = b"".join(response.streaming_content) if response.streaming else response.content
    return body.decode("utf-8", "replace") + str(response.headers)


def stored():
    """Return all values of all private rows, but for the times at which they were looked at."""
    return {
        model._meta.label: model._base_manager.filter(pk=KEY).values().first() for model in private_models()
    }


def test_no_route_shows_a_private_row_to_an_outsider(rows, outsider, broken):
    told = []
    for address in addresses():
        for question in (address, f"{address}?{ASKED_FOR}"):
            response = outsider.get(question)
            if response.status_code >= 500:
                told.append(f"{question}: {response.status_code}, {broken[-1:]}")
            if MARK in said(response):
                told.append(f"{question}: {response.status_code}")
    assert "\n".join(told) == ""


@pytest.mark.once
def test_no_route_changes_a_private_row_for_an_outsider(rows, outsider, broken):
    before, told = stored(), []
    data = dict.fromkeys(WORDS, KEY) | {"action": "delete", "confirm": "yes", "name": "changed", "ids": [KEY]}
    for area, found in groupby(addresses(), key=lambda address: address.split("/")[1:3]):
        for method, address in product(("post", "put", "patch", "delete"), found):
            is_api = address.startswith("/api/")
            if method != "post" and not is_api:
                continue
            kind = {"content_type": "application/json"} if is_api else {}
            response = getattr(outsider, method)(address, data, **kind)
            if response.status_code >= 500:
                told.append(f"{method} {address}: {response.status_code}, {broken[-1:]}")
            if MARK in said(response):
                told.append(f"{method} {address}: shows it")
        after = stored()
        told += [f"{area}: {label} was changed" for label in before if before[label] != after[label]]
        before = after
    assert "\n".join(told) == ""


@pytest.mark.once
def test_these_rows_are_shown_to_their_owner(rows, owner):
    client = Client(raise_request_exception=False)
    client.force_login(owner)

    shown = [address for address in addresses() if MARK in said(client.get(address))]

    assert f"/targets/{KEY}/" in shown
    assert len(shown) > 60
