"""The one-box search: what it understands, whom it shows what, with and without script."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tom_targets.tests.factories import SiderealTargetFactory, TargetExtraFactory, TargetNameFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def sky():
    first = SiderealTargetFactory(name="ZTF18abcxyz", ra=10.0, dec=20.0, permissions="OPEN")
    TargetNameFactory(target=first, name="SN 2018cow")
    TargetExtraFactory(target=first, key="class", value="SN Ia")
    second = SiderealTargetFactory(name="ZTF19xyz", ra=10.0, dec=20.0 + 30 / 3600, permissions="OPEN")
    TargetExtraFactory(target=second, key="interesting", value="")
    SiderealTargetFactory(name="ZTF20secret", ra=10.0, dec=20.0, permissions="PRIVATE")
    return first, second


def page(client, text, name="search"):
    answer = client.get(reverse(f"targets:{name}"), {"query": text})
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize("name", ["search", "suggest"])
@pytest.mark.parametrize(
    ("text", "meaning", "names"),
    [
        ("ztf", "the name or alias ztf", ["ZTF18abcxyz", "ZTF19xyz"]),
        ("2018co", "the name or alias 2018co", ["ZTF18abcxyz"]),
        ("cow", "the name or alias cow", ["ZTF18abcxyz"]),
        ("10 20", "the position 00:40:00.000 +20:00:00.00", ["ZTF18abcxyz", "ZTF19xyz"]),
        ("10, 20, 5", "within 5″", ["ZTF18abcxyz"]),
        ("00:40:00 +20:00:00 r=1arcmin", "within 1′", ["ZTF18abcxyz", "ZTF19xyz"]),
        ("J004000+200000", "the position 00:40:00.000", ["ZTF18abcxyz", "ZTF19xyz"]),
        ("#interesting", "the tag or extra field interesting", ["ZTF19xyz"]),
        ("tag: class", "the tag or extra field class", ["ZTF18abcxyz"]),
        ("class = ia", "class with a value that contains ia", ["ZTF18abcxyz"]),
        ("interesting", "the tag or extra field interesting", ["ZTF19xyz"]),
        ("<script>", "the name or alias &lt;script&gt;", []),
    ],
)
def test_it_says_what_it_understood_and_shows_what_fits(client, sky, name, text, meaning, names):
    shown = page(client, text, name)
    assert meaning in shown
    assert [one for one in ("ZTF18abcxyz", "ZTF19xyz") if f">{one}<" in shown] == names
    assert "secret" not in shown


@pytest.mark.parametrize("text", ["ztf 18-ABCxyz", "2018cow", "AT2018cow", "(sn) 2018_COW"])
def test_a_name_that_one_target_bears_leads_to_it(client, sky, text):
    answer = client.get(reverse("targets:search"), {"query": text})
    assert answer.status_code == 302
    assert answer.url == reverse("targets:detail", args=[sky[0].pk])


def test_a_name_that_looks_like_a_position_is_a_name_where_a_target_bears_it(client, sky):
    target = SiderealTargetFactory(name="J004000+200000", ra=200.0, dec=1.0, permissions="OPEN")
    answer = client.get(reverse("targets:search"), {"query": "J004000+200000"})
    assert answer.url == reverse("targets:detail", args=[target.pk])


def test_private_targets_are_found_by_those_who_may_see_them(client, cast, sky):
    client.force_login(cast.superuser)
    assert "ZTF20secret" in page(client, "ZTF20", "suggest")
    client.force_login(cast.stranger)
    assert "ZTF20secret" not in page(client, "ZTF20", "suggest")
    assert "No target fits" in page(client, "ZTF20secret")


def test_nothing_typed_shows_what_can_be_searched(client):
    assert "What can be searched" in page(client, "  ")
    assert page(client, "  ", "suggest").strip() == ""


def test_whoever_may_create_targets_can_add_one_there(client, cast, sky):
    client.force_login(cast.superuser)
    shown = page(client, "J111111-222222")
    assert "Add a target here" in shown
    assert "ra=167.7958333" in shown and "dec=-22.3727778" in shown


def test_the_list_understands_the_same(client, sky):
    answer = client.get(reverse("targets:list"), {"query": "#interesting"})
    assert [row.name for row in answer.context["table"].rows] == ["ZTF19xyz"]


def test_suggestions_take_few_queries(client, sky):
    for number in range(20):
        SiderealTargetFactory(name=f"ZTF18b{number}", permissions="OPEN")
    with CaptureQueriesContext(connection) as queries:
        assert page(client, "ztf18", "suggest").count('role="option"') == 9
    assert len(queries) <= 6


def test_the_box_of_every_page_leads_to_the_search(client):
    shown = client.get(reverse("targets:list")).content.decode()
    assert f'action="{reverse("targets:search")}"' in shown
    assert 'role="combobox"' in shown
