"""The start page: the night, the sections of the apps, and what the page does when one of them fails."""

import logging
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import override_settings
from django.urls import reverse

from tom_common import contributions
from tom_common.models import Profile
from tom_common.tests.people_testing import make_user

pytestmark = pytest.mark.django_db

T0 = datetime(2026, 8, 14, 20, 0, tzinfo=UTC)
_SEEN = []


def see(request):
    """Note what the section is told, and show a list of groups."""
    profile = getattr(request.user, "profile", None)
    _SEEN.append(getattr(profile, "last_seen_home", None))
    return {"groups": []}


def nothing(request):
    """Show nothing."""
    return None


def _sections(monkeypatch, *items):
    parts = [
        contributions.Contribution("tom_common", partial, f"tom_common.tests.views.test_home.{context}")
        for partial, context in items
    ]
    monkeypatch.setattr(contributions, "home_sections", lambda: parts)
    _SEEN.clear()


def test_without_sections_the_first_steps_are_shown(client, monkeypatch):
    _sections(monkeypatch, ("auth/partials/group_list.html", "nothing"))
    assert b"Nothing to see without an account" in client.get("/").content
    client.force_login(make_user("vera"))
    html = client.get("/").content.decode()
    assert "Nothing is observed here yet" in html
    assert "Set your observing site" in html


def test_sections_are_shown_in_their_order(client, monkeypatch):
    shown, hidden = "auth/partials/group_list.html", "auth/partials/pending_users.html"
    _sections(monkeypatch, (shown, "see"), (hidden, "nothing"))
    html = client.get("/").content.decode()
    assert "There is no group yet" in html
    assert "Nothing to see" not in html


def test_section_that_cannot_be_rendered_is_left_out(client, monkeypatch, caplog):
    _sections(monkeypatch, ("no/such/template.html", "see"), ("auth/partials/group_list.html", "see"))
    with caplog.at_level(logging.ERROR):
        response = client.get("/")
    assert response.status_code == 200
    assert b"There is no group yet" in response.content
    assert "no/such/template.html" in caplog.text


def test_sections_are_told_when_the_user_last_looked(client, monkeypatch):
    _sections(monkeypatch, ("auth/partials/group_list.html", "see"))
    user = make_user("vera")
    client.force_login(user)
    with time_machine.travel(T0, tick=False) as clock:
        client.get("/")
        clock.shift(timedelta(minutes=10))
        client.get("/")
        clock.shift(timedelta(hours=5))
        client.get("/")
        clock.shift(timedelta(minutes=20))
        client.get("/")
        now = T0 + timedelta(hours=5, minutes=30)
    last_visit = T0 + timedelta(minutes=10)
    assert _SEEN == [None, None, last_visit, last_visit]
    assert Profile.objects.get(user=user).last_seen_home == now


def test_night_at_the_site_of_the_user(client):
    user = make_user("vera")
    Profile.objects.filter(user=user).update(
        site_name="Cerro Pachon",
        site_latitude=-30.2446,
        site_longitude=-70.7494,
        time_zone="America/Santiago",
    )
    client.force_login(user)
    with time_machine.travel(datetime(2026, 11, 21, 15, 0, tzinfo=UTC), tick=False):
        html = client.get("/").content.decode()
    assert "23:22 UTC" in html and "20:22 -03" in html and "Night of 2026-11-21" in html
    assert "92% lit, waxing" in html


def test_robots_are_kept_away_unless_a_file_says_otherwise(client, tmp_path):
    response = client.get(reverse("robots_txt"))
    assert response["Content-Type"].startswith("text/plain")
    assert b"Disallow: /" in response.content
    own = tmp_path / "robots.txt"
    own.write_text("User-agent: *\nAllow: /\n")
    with override_settings(ROBOTS_TXT_PATH=str(own)):
        assert b"Allow: /" in client.get(reverse("robots_txt")).content


def test_start_page_of_a_user_costs_few_queries(client, monkeypatch, django_assert_max_num_queries):
    _sections(monkeypatch)
    client.force_login(make_user("vera"))
    client.get("/")
    with django_assert_max_num_queries(8):
        client.get("/")
