"""Getting in and out."""

import re

import pytest
from django.contrib.auth.models import Group, User
from django.core import mail
from django.test import override_settings
from django.urls import reverse

from tom_common.models import Notification
from tom_common.tests.people_testing import PASSWORD, make_user

pytestmark = pytest.mark.django_db


def _log_in(client, **data):
    return client.post(reverse("login"), {"username": "vera", "password": PASSWORD, **data})


@pytest.mark.parametrize(
    ("asked", "led_to"),
    [
        ("/users/profile/", "/users/profile/"),
        ("", "/"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("/\\evil.example", "/"),
    ],
)
def test_login_leads_on_within_this_site_only(client, asked, led_to):
    make_user("vera")
    response = _log_in(client, next=asked)
    assert response.status_code == 302
    assert response["Location"] == led_to


def test_login_error_keeps_the_username_and_next_and_says_nothing_about_which_is_wrong(client):
    make_user("vera")
    wrong_password = _log_in(client, password="no", next="/users/profile/").content.decode()
    unknown = _log_in(client, username="nobody", password="no").content.decode()
    assert 'value="vera"' in wrong_password
    assert 'value="/users/profile/"' in wrong_password
    message = "Username and password do not fit together."
    assert message in wrong_password and message in unknown
    assert "One thing needs a correction" in wrong_password


def test_locked_account_is_answered_like_a_wrong_password(client):
    make_user("vera", is_active=False)
    assert "do not fit together" in _log_in(client).content.decode()


def test_logout_asks_on_get_and_ends_the_session_on_post(client):
    client.force_login(make_user("vera"))
    assert b"Log out?" in client.get(reverse("logout")).content
    assert "_auth_user_id" in client.session
    assert client.post(reverse("logout")).status_code == 302
    assert "_auth_user_id" not in client.session


def test_password_reset_answers_the_same_for_known_and_unknown_addresses(client):
    make_user("vera")
    known = client.post(reverse("password_reset"), {"email": "vera@example.org"}, follow=True)
    unknown = client.post(reverse("password_reset"), {"email": "nobody@example.org"}, follow=True)
    assert known.redirect_chain == unknown.redirect_chain
    assert b"Look into your mail" in known.content
    assert b"Look into your mail" in unknown.content
    assert [message.to for message in mail.outbox] == [["vera@example.org"]]


def test_link_of_the_reset_mail_sets_a_password_once(client):
    make_user("vera")
    client.post(reverse("password_reset"), {"email": "vera@example.org"})
    message = mail.outbox[0]
    assert message.subject == "TOM: set a new password"
    path = re.search(r"http://testserver(/\S+)", message.body).group(1)
    page = client.get(path, follow=True)
    assert b"Set a new password" in page.content
    new = "another 9 long one"
    done = client.post(page.redirect_chain[-1][0], {"new_password1": new, "new_password2": new}, follow=True)
    assert b"Your password is set" in done.content
    assert User.objects.get(username="vera").check_password(new)
    assert b"does not work any more" in client.get(path, follow=True).content


def test_own_password_needs_the_old_one(client):
    client.force_login(make_user("vera"))
    new = "another 9 long one"
    data = {"old_password": "wrong", "new_password1": new, "new_password2": new}
    assert client.post(reverse("password_change"), data).status_code == 200
    data["old_password"] = PASSWORD
    assert client.post(reverse("password_change"), data)["Location"] == reverse("user-profile")
    assert User.objects.get(username="vera").check_password(new)
    assert client.get(reverse("user-profile")).status_code == 200


SIGN_UP = {
    "username": "jocelyn",
    "first_name": "Jocelyn",
    "last_name": "Bell",
    "email": "jocelyn@example.org",
    "password1": PASSWORD,
    "password2": PASSWORD,
    "profile-TOTAL_FORMS": "1",
    "profile-INITIAL_FORMS": "0",
    "profile-0-affiliation": "Mullard Radio Astronomy Observatory",
}


def test_sign_up_is_closed_unless_the_project_opens_it(client):
    response = client.post(reverse("account_signup"), SIGN_UP)
    assert b"Accounts are made by the staff" in response.content
    assert not User.objects.filter(username="jocelyn").exists()
    assert b"Make an account" not in client.get(reverse("login")).content


@override_settings(TOM_REGISTRATION_STRATEGY="open")
def test_open_sign_up_makes_an_account_that_may_log_in_and_chooses_no_group(client):
    assert b"Make an account" in client.get(reverse("login")).content
    group = Group.objects.create(name="Supernovae")
    assert client.post(reverse("account_signup"), SIGN_UP | {"groups": [group.pk]}).status_code == 302
    user = User.objects.get(username="jocelyn")
    assert user.is_active and not user.is_staff and not user.is_superuser
    assert user.profile.affiliation == "Mullard Radio Astronomy Observatory"
    assert group not in user.groups.all()
    assert client.login(username="jocelyn", password=PASSWORD)


@override_settings(TOM_REGISTRATION_STRATEGY="approval_required")
def test_sign_up_with_approval_waits_for_a_superuser(client):
    root = make_user("root", is_superuser=True)
    client.post(reverse("account_signup"), SIGN_UP)
    assert not client.login(username="jocelyn", password=PASSWORD)
    assert Notification.objects.get(user=root).text == "jocelyn asks for an account"
    client.force_login(root)
    assert b"Waiting for approval" in client.get(reverse("user-list")).content
    pending = User.objects.get(username="jocelyn")
    assert b"Approve account" in client.get(reverse("user-approve", args=[pending.pk])).content
    assert not User.objects.get(pk=pending.pk).is_active
    client.post(reverse("user-approve", args=[pending.pk]))
    client.logout()
    assert client.login(username="jocelyn", password=PASSWORD)


@override_settings(AUTH_STRATEGY="LOCKED")
def test_locked_tom_lets_people_log_in_and_reset_their_password(client):
    make_user("vera")
    assert client.get("/")["Location"].startswith(reverse("login"))
    for name in ("login", "password_reset", "password_reset_done", "account_signup"):
        assert client.get(reverse(name)).status_code == 200, name
    assert _log_in(client).status_code == 302
    assert client.get("/").status_code == 200
