"""What was typed while the session ended is offered again after the login."""

import pytest
from django.contrib.auth.models import User
from django.test import Client, override_settings
from django.urls import reverse

from tom_common.kept_input import COOKIE, MAX_CHARACTERS
from tom_common.tests.people_testing import PASSWORD, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def vera():
    return make_user("vera")


def _url(user):
    return reverse("user-update", args=[user.pk])


def _log_in(client):
    return client.post(reverse("login"), {"username": "vera", "password": PASSWORD})


def test_input_is_offered_after_login_and_can_be_sent(client, vera):
    typed = {"first_name": "Vera", "last_name": "Rubin", "email": "new@example.org", "password1": "hidden"}
    response = client.post(_url(vera), typed)
    assert response["Location"].startswith(reverse("login"))
    _log_in(client)
    page = client.get(_url(vera)).content.decode()
    assert "Send what you typed?" in page
    assert '<textarea name="last_name" hidden>\nRubin</textarea>' in page
    assert "hidden</textarea>" not in page and "password1" not in page
    assert client.post(_url(vera), {k: v for k, v in typed.items() if k != "password1"}).status_code == 302
    assert User.objects.get(pk=vera.pk).last_name == "Rubin"


def test_it_is_offered_once_and_on_its_page_only(client, vera):
    client.post(_url(vera), {"last_name": "Rubin"})
    _log_in(client)
    assert "Send what you typed?" not in client.get(reverse("user-profile")).content.decode()
    assert "Send what you typed?" in client.get(_url(vera)).content.decode()
    assert "Edit your profile" in client.get(_url(vera)).content.decode()


def test_text_survives_as_it_was_typed(client, vera):
    text = '\n  <b>&amp;</b> "x"\n</textarea><script>alert(1)</script>'
    client.post(_url(vera), {"last_name": text})
    _log_in(client)
    page = client.get(_url(vera)).content.decode()
    assert "<script>alert(1)" not in page
    assert "\n\n  &lt;b&gt;&amp;amp;&lt;/b&gt; &quot;x&quot;\n&lt;/textarea&gt;" in page


def test_all_values_of_a_field_are_kept(client, vera):
    client.post(_url(vera), {"groups": ["1", "2"]})
    _log_in(client)
    assert client.get(_url(vera)).content.decode().count('<textarea name="groups" hidden>') == 2


def test_form_of_another_site_is_not_kept(vera):
    client = Client(enforce_csrf_checks=True)
    response = client.post(_url(vera), {"last_name": "Rubin"})
    assert response["Location"].startswith(reverse("login"))
    assert COOKIE not in response.cookies
    assert COOKIE not in client.session


@override_settings(AUTH_STRATEGY="LOCKED")
def test_locked_tom_keeps_input_of_its_own_pages_only(vera):
    client = Client()
    assert COOKIE in client.post(_url(vera), {"last_name": "Rubin"}).cookies
    foreign = Client(enforce_csrf_checks=True)
    assert COOKIE not in foreign.post(_url(vera), {"last_name": "Rubin"}).cookies


@pytest.mark.parametrize(
    ("data", "headers"),
    [
        ({"last_name": "x" * (MAX_CHARACTERS + 1)}, {}),
        ({"password": "x", "csrfmiddlewaretoken": "y"}, {}),
        ({}, {}),
        ({"last_name": "Rubin"}, {"HX-Request": "true"}),
    ],
)
def test_too_much_secrets_nothing_and_parts_of_pages_are_not_kept(client, vera, data, headers):
    response = client.post(_url(vera), data, headers=headers)
    assert COOKIE not in response.cookies


def test_refused_login_is_not_kept(client, vera):
    assert COOKIE not in client.post(reverse("login"), {"username": "vera", "password": "no"}).cookies


def test_comment_has_its_own_way(client):
    """Its form stands on another page than the one it is sent to; see ``tom_common.comments``."""
    response = client.post(reverse("comments-post-comment"), {"comment": "x", "next": "/about/"})
    assert COOKIE not in response.cookies
