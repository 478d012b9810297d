"""The section "Near it" of a target's page."""

import pytest
from django.urls import reverse

from tom_targets.tests.factories import NonSiderealTargetFactory, SiderealTargetFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def sky():
    for name, dec_arcsec, level in (("close", 5, "OPEN"), ("far", 300, "OPEN"), ("secret", 1, "PRIVATE")):
        SiderealTargetFactory(name=name, ra=0.0, dec=89.9 + dec_arcsec / 3600, permissions=level)
    return SiderealTargetFactory(name="me", ra=360.0, dec=89.9, permissions="OPEN")


def section(client, target, **query):
    url = reverse("targets:section", args=[target.pk, "near"])
    return client.get(url, query, headers={"HX-Request": "true"}).content.decode()


def test_it_shows_what_one_may_see_within_the_radius(client, cast, sky):
    shown = section(client, sky)
    assert ">close</a>" in shown and "5″" in shown
    assert ">far<" not in shown and "secret" not in shown
    assert ">far</a>" in section(client, sky, near="600")
    client.force_login(cast.superuser)
    assert ">secret</a>" in section(client, sky, near="10")


def test_it_works_without_script_and_leads_to_the_list(client, sky):
    page = client.get(reverse("targets:detail", args=[sky.pk]), {"tab": "near", "near": "600"})
    shown = page.content.decode()
    assert ">far</a>" in shown
    address = shown.split('href="/targets/?cone_search=')[1].split('"')[0]
    rows = client.get(f"/targets/?cone_search={address}").context["table"].rows
    assert {row.name for row in rows} == {"me", "close", "far"}


@pytest.mark.parametrize("radius", ["x", "nan", "-1", "1e9", ""])
def test_a_radius_that_is_none_is_one_arcmin(client, sky, radius):
    assert "<strong>1′</strong>" in section(client, sky, near=radius)


def test_a_target_without_position_has_none(client):
    target = NonSiderealTargetFactory(ra=None, dec=None, permissions="OPEN")
    assert "<table" not in section(client, target)
