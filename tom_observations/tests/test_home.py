"""The home page: which of the targets that one follows are up tonight."""

import pytest
import time_machine
from django.core.cache import cache
from django.urls import reverse

from tom_common.models import Profile
from tom_targets import follow
from tom_targets.models import Target
from tom_targets.tests.conftest import *  # noqa: F403  people and targets
from tom_targets.tests.factories import SiderealTargetFactory

pytestmark = pytest.mark.django_db
NOW = "2026-11-21T15:00:00Z"


@pytest.fixture(autouse=True)
def _now():
    cache.clear()
    with time_machine.travel(NOW, tick=False):
        yield
    cache.clear()


@pytest.fixture
def url():
    return reverse("observations:up-tonight")


@pytest.fixture
def orion():
    return SiderealTargetFactory(name="in Orion", ra=83.82, dec=-5.39, permissions="PUBLIC")


@pytest.fixture
def pole():
    return SiderealTargetFactory(name="near the pole", ra=83.82, dec=-89.0, permissions="PUBLIC")


def star(user, *targets):
    rows = Target.objects.filter(pk__in=[target.pk for target in targets])
    follow.set_favourite(rows, user, is_favourite=True)


def at_la_palma(user):
    Profile.objects.update_or_create(
        user=user,
        defaults={
            "site_name": "La Palma",
            "site_latitude": 28.76,
            "site_longitude": -17.89,
            "site_elevation_m": 2330,
        },
    )


def test_the_page_computes_nothing_and_the_section_is_kept(cast, client_of, orion, pole, url, monkeypatch):
    at_la_palma(cast.member)
    star(cast.member, orion, pole)
    client = client_of(cast.member)
    first = client.get("/").content.decode()
    assert f'hx-get="{url}"' in first
    assert "in Orion" not in first.partition('id="up-tonight"')[2].partition("</section>")[0]
    part = client.get(url, headers={"HX-Request": "true"}).content.decode()
    assert "1 of the 2 targets that you follow, above 30° in the dark at La Palma" in part
    assert "in Orion" in part
    assert "near the pole" not in part
    monkeypatch.setattr("tom_observations.home.NightTable", None)  # whoever computes now, fails
    again = client.get("/").content.decode()
    assert 'hx-trigger="load"' not in again.partition('id="up-tonight"')[2].partition("</section>")[0]
    assert "in Orion" in again
    assert "<!doctype html>" in client.get(url).content.decode()


def test_a_target_that_moved_is_computed_again(cast, client_of, orion, url):
    star(cast.member, orion)
    client = client_of(cast.member)
    client.get(url)
    Target.objects.filter(pk=orion.pk).update(dec=-89.9)
    assert f'hx-get="{url}"' in client.get("/").content.decode()


def test_who_follows_nothing_is_told_how_to(cast, client_of, url):
    for address in ("/", url):
        page = client_of(cast.member).get(address).content.decode()
        assert "Mark targets with a" in page
        assert 'hx-trigger="load"' not in page


def test_followed_are_favourites_and_what_a_team_works_on(cast, orion, pole):
    other = SiderealTargetFactory(permissions="PUBLIC")
    star(cast.member, pole)
    follow.set_status(Target.objects.filter(pk=orion.pk), cast.group, "watch", user=cast.member)
    follow.set_status(Target.objects.filter(pk=other.pk), cast.group, "finished", user=cast.member)
    assert follow.followed_keys(cast.member, 10) == [pole.pk, orion.pk]
    assert follow.followed_keys(cast.member, 1) == [pole.pk]
    assert follow.followed_keys(cast.stranger, 10) == []


def test_what_may_not_be_seen_any_more_is_left_out(cast, client_of, orion, url):
    star(cast.stranger, orion)
    Target.objects.filter(pk=orion.pk).update(permissions="PRIVATE")
    page = client_of(cast.stranger).get(url).content.decode()
    assert "in Orion" not in page
    assert "Mark targets with a" in page


def test_nothing_that_rises_is_said_so(cast, client_of, pole, url):
    at_la_palma(cast.member)
    star(cast.member, pole)
    assert "None of the 1 target that you follow rises" in client_of(cast.member).get(url).content.decode()


def test_visitors_are_asked_to_log_in_and_see_no_section(client, url):
    assert client.get(url).status_code == 302
    assert 'id="up-tonight"' not in client.get("/").content.decode()


def test_the_home_page_asks_few_queries_for_it(cast, client_of, url, django_assert_max_num_queries):
    star(cast.member, *(SiderealTargetFactory(permissions="PUBLIC") for _ in range(30)))
    client = client_of(cast.member)
    client.get(url)
    with django_assert_max_num_queries(8):
        client.get(url, headers={"HX-Request": "true"})
