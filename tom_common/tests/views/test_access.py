"""Who may open which page: every page of accounts and people, by every kind of visitor."""

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse

from tom_common.tests.people_testing import cast, make_user

pytestmark = pytest.mark.django_db

LOGIN, NO, OK, GONE = "login", 403, 200, 404

PAGES = {
    # page: (anonymous, user, manager, staff, superuser)
    "home": (OK, OK, OK, OK, OK),
    "about": (OK, OK, OK, OK, OK),
    "robots_txt": (OK, OK, OK, OK, OK),
    "login": (OK, OK, OK, OK, OK),
    "account_login": (OK, OK, OK, OK, OK),
    "account_signup": (OK, OK, OK, OK, OK),
    "logout": (LOGIN, OK, OK, OK, OK),
    "account_logout": (LOGIN, OK, OK, OK, OK),
    "password_reset": (OK, OK, OK, OK, OK),
    "password_reset_done": (OK, OK, OK, OK, OK),
    "password_change": (LOGIN, OK, OK, OK, OK),
    "user-profile": (LOGIN, OK, OK, OK, OK),
    "user-list": (LOGIN, NO, OK, OK, OK),
    "user-create": (LOGIN, NO, OK, NO, OK),
    "group-create": (LOGIN, NO, OK, NO, OK),
}
PAGES_OF_ANOTHER = {
    "user-update": (LOGIN, NO, OK, NO, OK),
    "user-delete": (LOGIN, NO, OK, NO, OK),
    "user-approve": (LOGIN, NO, OK, NO, OK),
    "admin-user-change-password": (LOGIN, NO, OK, NO, OK),
    "regenerate-api-token": (LOGIN, NO, OK, NO, OK),
}
PAGES_OF_SUPERUSERS = {name: (LOGIN, NO, NO, NO, OK) for name in PAGES_OF_ANOTHER if name != "user-approve"}
PAGES_OF_GROUPS = {"group-update": (LOGIN, NO, OK, NO, OK), "group-delete": (LOGIN, NO, OK, NO, OK)}
PAGES_OF_NOBODY = {
    # Who may not manage accounts cannot find out which exist.
    name: (LOGIN, NO, GONE, NO, GONE)
    for name in PAGES_OF_ANOTHER
    if name != "regenerate-api-token"
}


def _check(client, url, expected):
    for (kind, user), answer in zip(cast().items(), expected, strict=True):
        client.logout()
        if user is not None:
            client.force_login(user)
        response = client.get(url)
        if answer == LOGIN:
            assert response.status_code == 302, kind
            assert response["Location"].startswith(reverse("login")), kind
        else:
            assert response.status_code == answer, kind


@pytest.mark.parametrize("name", PAGES)
def test_pages(client, name):
    _check(client, reverse(name), PAGES[name])


@pytest.mark.parametrize("name", PAGES_OF_ANOTHER)
def test_pages_of_another_user(client, name):
    other = make_user("other", is_active=name != "user-approve")
    _check(client, reverse(name, args=[other.pk]), PAGES_OF_ANOTHER[name])


@pytest.mark.parametrize("name", PAGES_OF_SUPERUSERS)
def test_a_manager_does_not_reach_a_superuser(client, name):
    root = make_user("root", is_superuser=True)
    _check(client, reverse(name, args=[root.pk]), PAGES_OF_SUPERUSERS[name])


@pytest.mark.parametrize("name", PAGES_OF_NOBODY)
def test_pages_of_nobody(client, name):
    _check(client, reverse(name, args=[987654]), PAGES_OF_NOBODY[name])


@pytest.mark.parametrize("name", PAGES_OF_GROUPS)
def test_pages_of_groups(client, name):
    group = Group.objects.create(name="Supernovae")
    _check(client, reverse(name, args=[group.pk]), PAGES_OF_GROUPS[name])


def test_everybody_edits_their_own_account(client):
    user = make_user("vera")
    client.force_login(user)
    assert client.get(reverse("user-update", args=[user.pk])).status_code == 200
    assert client.get(reverse("regenerate-api-token", args=[user.pk])).status_code == 200
    assert client.get(reverse("user-delete", args=[user.pk])).status_code == 403


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("home", "/"),
        ("login", "/accounts/login/"),
        ("logout", "/accounts/logout/"),
        ("account_login", "/accounts/login/"),
        ("account_logout", "/accounts/logout/"),
        ("robots_txt", "/robots.txt"),
        ("user-list", "/users/"),
        ("user-create", "/users/create/"),
        ("user-profile", "/users/profile/"),
        ("group-create", "/groups/create/"),
    ],
)
def test_addresses_are_those_of_the_contract(name, path):
    assert reverse(name) == path


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("user-update", "/users/7/update/"),
        ("user-delete", "/users/7/delete/"),
        ("user-approve", "/users/7/approve/"),
        ("admin-user-change-password", "/users/7/changepassword/"),
        ("regenerate-api-token", "/users/7/regenerate-token/"),
        ("group-update", "/groups/7/update/"),
        ("group-delete", "/groups/7/delete/"),
        ("comment-delete", "/comment/7/delete"),
    ],
)
def test_addresses_with_a_key_are_those_of_the_contract(name, path):
    assert reverse(name, args=[7]) == path
    assert reverse(name, kwargs={"pk": 7}) == path
