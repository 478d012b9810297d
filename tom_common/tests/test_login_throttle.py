"""Wrong passwords make one account wait at one address, and nobody else anywhere."""

import pytest
import time_machine
from django.contrib.auth import authenticate
from django.test import RequestFactory, override_settings
from django.urls import reverse

from tom_common import login_throttle
from tom_common.models import FailedLogin
from tom_common.tests.people_testing import PASSWORD, make_user

pytestmark = pytest.mark.django_db

HERE, THERE = "192.0.2.1", "192.0.2.2"


def _fail(times, name="vera", address=HERE):
    for _ in range(times):
        login_throttle.note_failure(name, address)


def test_first_wrong_passwords_are_free():
    _fail(login_throttle.FREE_ATTEMPTS - 1)
    assert login_throttle.wait_seconds("vera", HERE) == 0


def test_then_the_wait_doubles_up_to_a_quarter_of_an_hour():
    waits = []
    with time_machine.travel("2026-08-14T04:00:00Z", tick=False) as clock:
        _fail(login_throttle.FREE_ATTEMPTS)
        for _ in range(8):
            wait = login_throttle.wait_seconds("vera", HERE)
            waits.append(wait)
            clock.shift(wait)
            assert login_throttle.wait_seconds("vera", HERE) == 0
            _fail(1)
    assert waits == [30, 60, 120, 240, 480, 900, 900, 900]


def test_attempts_during_the_wait_do_not_lengthen_it():
    with time_machine.travel("2026-08-14T04:00:00Z", tick=False):
        _fail(50)
        assert login_throttle.wait_seconds("vera", HERE) == login_throttle.FIRST_WAIT_S


def test_same_account_elsewhere_and_other_accounts_here_are_free():
    _fail(20)
    assert login_throttle.wait_seconds("vera", THERE) == 0
    assert login_throttle.wait_seconds("jocelyn", HERE) == 0


def test_case_of_the_username_and_the_half_of_an_ipv6_address_do_not_help():
    _fail(20, "Vera", "2001:db8:1:2::1")
    assert login_throttle.wait_seconds("vera", "2001:db8:1:2:ffff::9") > 0
    assert login_throttle.wait_seconds("vera", "2001:db8:1:3::1") == 0
    _fail(20, "vera", "::ffff:192.0.2.1")
    assert login_throttle.wait_seconds("vera", HERE) > 0


def test_a_day_without_failures_is_forgotten_and_the_row_goes():
    with time_machine.travel("2026-08-14T04:00:00Z", tick=False) as clock:
        _fail(20)
        clock.shift(86401)
        assert login_throttle.wait_seconds("vera", HERE) == 0
        _fail(1, "jocelyn")
    assert FailedLogin.objects.count() == 1


def test_what_was_typed_is_not_stored():
    _fail(1, "my secret password")
    assert "secret" not in FailedLogin.objects.get().key


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (0, "198.51.100.7", HERE),
        (1, "198.51.100.7", "198.51.100.7"),
        (1, "203.0.113.5, 198.51.100.7", "198.51.100.7"),
        (2, "203.0.113.5, 198.51.100.7", "203.0.113.5"),
        (2, "198.51.100.7", HERE),
        (1, "", HERE),
    ],
)
def test_only_our_own_proxies_are_believed(proxies, forwarded, expected):
    request = RequestFactory().get("/", REMOTE_ADDR=HERE, HTTP_X_FORWARDED_FOR=forwarded)
    with override_settings(TOM_PROXY_COUNT=proxies):
        assert login_throttle.client_address(request) == expected


def _log_in(client, password, name="vera", address=HERE, **extra):
    data = {"username": name, "password": password, **extra}
    return client.post(reverse("login"), data, REMOTE_ADDR=address)


def test_login_page_says_how_long_to_wait_and_refuses_even_the_right_password(client):
    make_user("vera")
    for _ in range(login_throttle.FREE_ATTEMPTS):
        assert _log_in(client, "wrong").status_code == 200
    response = _log_in(client, PASSWORD)
    assert response.status_code == 429
    assert 0 < int(response["Retry-After"]) <= login_throttle.FIRST_WAIT_S
    assert b"Too many wrong passwords" in response.content
    assert b'value="vera"' in response.content
    assert "_auth_user_id" not in client.session
    assert _log_in(client, PASSWORD, address=THERE).status_code == 302


def test_right_password_starts_the_count_afresh(client):
    make_user("vera")
    for _ in range(login_throttle.FREE_ATTEMPTS - 1):
        _log_in(client, "wrong")
    assert _log_in(client, PASSWORD).status_code == 302
    assert not FailedLogin.objects.exists()


def test_unknown_names_wait_like_known_ones(client):
    for _ in range(login_throttle.FREE_ATTEMPTS):
        _log_in(client, "wrong", name="nobody")
    assert _log_in(client, "wrong", name="nobody").status_code == 429


def test_every_other_way_in_is_slowed_down_too():
    """The backend stands first: admin site, login pages of plugins and Basic authentication are covered."""
    make_user("vera")
    request = RequestFactory().post("/", REMOTE_ADDR=HERE)
    for _ in range(login_throttle.FREE_ATTEMPTS):
        assert authenticate(request, username="vera", password="wrong") is None
    assert authenticate(request, username="vera", password=PASSWORD) is None
    elsewhere = RequestFactory().post("/", REMOTE_ADDR=THERE)
    assert authenticate(elsewhere, username="vera", password=PASSWORD) is not None
