"""The choice of a theme: where it is kept, and where it takes one."""

import pytest
from django.urls import reverse

from tom_common.models import Profile
from tom_common.tests.people_testing import PASSWORD, make_user

pytestmark = pytest.mark.django_db


def _chosen(user):
    return Profile.objects.get(user=user).theme


def test_choice_is_kept_in_the_profile_and_in_the_cookie(client):
    user = make_user("vera")
    client.force_login(user)
    response = client.post(reverse("theme"), {"theme": "dome"})
    assert (response.status_code, response.content) == (204, b"")
    assert response.cookies["theme"].value == "dome"
    assert _chosen(user) == "dome"
    assert 'data-tom-theme="dome"' in client.get(reverse("home")).content.decode()


def test_choice_to_follow_the_system_takes_the_cookie_away(client):
    user = make_user("vera")
    client.force_login(user)
    client.post(reverse("theme"), {"theme": "dark"})
    assert client.post(reverse("theme"), {"theme": ""}).cookies["theme"].value == ""
    assert _chosen(user) == ""


def test_form_without_script_goes_back_to_its_page_and_never_to_another_site(client):
    client.force_login(make_user("vera"))
    page = client.get(reverse("notification-list")).content.decode()
    assert '<input type="hidden" name="next" value="/notifications/">' in page
    response = client.post(reverse("theme"), {"theme": "dark", "next": "/notifications/"})
    assert response["Location"] == "/notifications/"
    response = client.post(reverse("theme"), {"theme": "dark", "next": "https://elsewhere.example/"})
    assert response["Location"] == reverse("home")


def test_unknown_theme_is_refused_by_name_and_kept_nowhere(client):
    user = make_user("vera")
    client.force_login(user)
    response = client.post(reverse("theme"), {"theme": "pink"})
    assert (response.status_code, _chosen(user)) == (400, "")
    assert "no theme 'pink'" in response.content.decode()


def test_anonymous_visitor_keeps_the_choice_in_the_browser_alone(client):
    assert client.post(reverse("theme"), {"theme": "dark"})["Location"].startswith(reverse("login"))
    assert 'id="tom-theme-form"' not in client.get(reverse("login")).content.decode()


def test_login_brings_the_theme_of_the_profile_to_this_device(client):
    user = make_user("vera")
    Profile.objects.filter(user=user).update(theme="dark")
    client.cookies["theme"] = "light"
    response = client.post(reverse("login"), {"username": "vera", "password": PASSWORD})
    assert response.cookies["theme"].value == "dark"


def test_login_without_a_theme_in_the_profile_leaves_the_device_as_it_is(client):
    make_user("vera")
    client.cookies["theme"] = "dome"
    response = client.post(reverse("login"), {"username": "vera", "password": PASSWORD})
    assert "theme" not in response.cookies
