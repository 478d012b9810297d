import csv
import io

import pytest
import time_machine
from django.urls import reverse

from tom_common.models import Profile
from tom_observations.models import Facility
from tom_targets.tests.conftest import *  # noqa: F403  people and targets
from tom_targets.tests.factories import NonSiderealTargetFactory, SiderealTargetFactory

pytestmark = pytest.mark.django_db
NOW = "2026-11-21T15:00:00Z"


@pytest.fixture(autouse=True)
def _now():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def orion():
    return SiderealTargetFactory(name="in Orion", ra=83.82, dec=-5.39, permissions="OPEN")


def section(client, target, **query):
    return client.get(
        reverse("targets:section", args=[target.pk, "tonight"]), query, headers={"HX-Request": "1"}
    )


def test_the_page_says_when_a_target_is_observable_at_the_usual_sites(client, orion):
    response = section(client, orion)
    rows = response.context["rows"]
    assert [row.site.code for row in rows] == ["ogg", "lsc", "tfn", "cpt", "coj"]
    # At 15:00 UTC the night runs in Hawaii; elsewhere the coming one is meant.
    assert [f"{row.summary.evening}" for row in rows[:3]] == ["2026-11-20", "2026-11-21", "2026-11-21"]
    assert all(row.is_observable for row in rows)
    html = response.content.decode()
    assert 'class="tom-night-chart"' in html
    assert "from the Moon" in html
    assert "style=" not in html


def test_the_address_names_night_sites_and_limits(client, orion):
    response = section(
        client,
        orion,
        night="2026-06-21",
        site=["lsc", "tfn"],
        min_altitude="40",
        twilight="nautical",
        chart="tfn",
    )
    form, rows = response.context["form"], response.context["rows"]
    assert [row.site.code for row in rows] == ["lsc", "tfn"]
    assert response.context["drawn"].site.code == "tfn"
    assert (form.limits.min_altitude_deg, form.limits.twilight) == (40.0, "nautical")
    assert not any(row.is_observable for row in rows)  # Orion is behind the Sun in June


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ({"night": "soon"}, "Enter a valid date"),
        ({"night": "1066-10-14"}, "Enter a night from 1950"),
        ({"min_altitude": "91"}, "less than or equal to 90"),
        ({"site": "moon"}, "not one of the available choices"),
        ({"twilight": "noon"}, "not one of the available choices"),
    ],
)
def test_what_is_not_understood_is_said_at_the_field(client, orion, query, reason):
    response = section(client, orion, **query)
    assert response.status_code == 200
    assert reason in response.content.decode()
    assert "chart" not in response.context["form"].cleaned_data


def test_the_own_site_comes_first_and_is_drawn(cast, client, orion):
    Profile.objects.filter(user=cast.owner).update(
        site_name="Back garden", site_latitude=52.1, site_longitude=5.2, site_elevation_m=10
    )
    client.force_login(cast.owner)
    response = section(client, orion)
    assert response.context["drawn"].site.name == "Back garden"
    assert "Back garden" not in section(client_without_login(client), orion).content.decode()


def client_without_login(client):
    client.logout()
    return client


def test_sites_that_staff_entered_can_be_chosen(client, orion):
    Facility.objects.create(
        site_code="tug", full_name="Türkiye", short_name="TUG", location="ground", detector_type="optical",
        latitude=36.82, longitude=30.33, elevation=2500,
    )  # fmt: skip
    Facility.objects.create(full_name="Swift", short_name="Swift", location="space", detector_type="xray")
    rows = section(client, orion, site="tug").context["rows"]
    assert [row.site.name for row in rows] == ["Türkiye"]


def test_a_target_without_elements_has_no_section(client):
    target = NonSiderealTargetFactory(permissions="OPEN", semimajor_axis=None)
    assert "nothing to show" in section(client, target).content.decode()


def test_a_moving_target_has_its_night(client):
    target = NonSiderealTargetFactory(permissions="OPEN")
    assert any(row.is_observable for row in section(client, target).context["rows"])


def test_without_script_the_page_opens_with_the_section(client, orion):
    response = client.get(orion.get_absolute_url(), {"tab": "tonight", "night": "2026-12-01", "site": "lsc"})
    assert response.context["target"] == orion
    assert "night of 2026-12-01" in response.content.decode()


def test_the_curve_is_a_csv_file(client, orion):
    url = reverse("observations:night-csv", args=[orion.pk])
    response = client.get(url, {"night": "2026-11-21", "site": "lsc"})
    rows = list(csv.DictReader(io.StringIO(response.content.decode())))
    assert rows[0]["time_utc"].startswith("2026-11-21T22:")
    assert max(float(row["target altitude_deg"]) for row in rows) == pytest.approx(65.2, abs=0.2)
    assert client.get(url, {"night": "soon"}).status_code == 404


@pytest.mark.parametrize("name", ["night-csv"])
def test_a_stranger_learns_nothing_of_a_private_target(cast, client, name):
    target = SiderealTargetFactory(permissions="PRIVATE")
    assert client.get(reverse(f"observations:{name}", args=[target.pk])).status_code == 404
    assert client.get(reverse("targets:section", args=[target.pk, "tonight"])).status_code == 404
    assert client.get(f"/api/targets/{target.pk}/position/").status_code == 404


# --- the list


def test_the_list_is_sorted_by_hours(client, orion):
    SiderealTargetFactory(name="south", ra=83.0, dec=-60.0, permissions="OPEN")
    SiderealTargetFactory(name="at the Sun", ra=237.0, dec=-20.0, permissions="OPEN")
    response = client.get(reverse("observations:visibility"), {"site": "lsc", "night": "2026-11-21"})
    rows = response.context["rows"]
    assert [row.name for row in rows] == ["south", "in Orion", "at the Sun"]
    assert rows[0].best.hours > rows[1].best.hours > 0
    assert response.context["table"].observable_count == 2
    assert "tom-night-strip" in response.content.decode()


@pytest.mark.parametrize(
    "sort", ["name", "-name", "hours", "start", "airmass", "-moon", "hours.lsc", "nonsense"]
)
def test_the_list_can_be_sorted_by_each_column(client, orion, sort):
    for i in range(4):
        SiderealTargetFactory(ra=60.0 + 20 * i, dec=-30.0 + 10 * i, permissions="OPEN")
    SiderealTargetFactory(ra=None, dec=None, permissions="OPEN", name="nowhere")
    response = client.get(
        reverse("observations:visibility"), {"site": ["lsc", "tfn"], "night": "2026-11-21", "sort": sort}
    )
    rows = response.context["rows"]
    assert len(rows) == 6
    if sort not in ("name", "-name"):
        assert rows[-1].name == "nowhere"


def test_the_list_keeps_the_filters_of_the_target_list(client, orion):
    SiderealTargetFactory(name="other", permissions="OPEN")
    response = client.get(reverse("observations:visibility"), {"name": "Orion", "site": "lsc"})
    assert [row.name for row in response.context["rows"]] == ["in Orion"]
    assert '<input type="hidden" name="name" value="Orion">' in response.content.decode()


def test_the_list_has_pages(client, django_assert_max_num_queries):
    for _ in range(53):
        SiderealTargetFactory(permissions="OPEN")
    url = reverse("observations:visibility")
    first = client.get(url, {"site": "lsc"})
    assert len(first.context["rows"]) == 50
    with django_assert_max_num_queries(6):
        second = client.get(url + first.context["next_url"])
    assert len(second.context["rows"]) == 3
    assert client.get(url, {"site": "lsc", "page": "99"}).context["first_row"] == 51


def test_a_list_that_is_too_long_says_so(client, orion, monkeypatch):
    monkeypatch.setattr("tom_observations.night_table.MAX_TARGETS", 1)
    SiderealTargetFactory(permissions="OPEN")
    assert "Too many targets" in client.get(reverse("observations:visibility")).content.decode()


def test_private_targets_are_not_on_the_list_of_a_stranger(cast, client, targets):
    client.force_login(cast.stranger)
    names = {row.name for row in client.get(reverse("observations:visibility")).context["rows"]}
    assert names == {"open target", "public target"}
    answer = client.get("/api/visibility/").json()
    assert {row["name"] for row in answer["results"]} == names


def test_the_table_is_a_csv_file(client):
    SiderealTargetFactory(name="=cmd()", permissions="OPEN")
    response = client.get(reverse("observations:visibility-csv"), {"site": ["lsc", "tfn"]})
    rows = list(csv.DictReader(io.StringIO(response.content.decode())))
    assert [row["site"] for row in rows] == ["lsc", "tfn"]
    assert rows[0]["name"] == "'=cmd()"


# --- the REST API


def test_the_api_gives_the_nights_of_targets(client, orion):
    SiderealTargetFactory(permissions="OPEN")
    answer = client.get("/api/visibility/", {"target": orion.pk, "site": "lsc", "night": "2026-11-21"}).json()
    assert answer["count"] == 1
    (night,) = answer["results"][0]["nights"]
    assert night["best_altitude_deg"] == pytest.approx(65.2, abs=0.1)
    assert night["best_time"].startswith("2026-11-22T06:")
    assert night["observable_from"] < night["best_time"] < night["observable_until"]


@pytest.mark.parametrize(
    ("query", "field"), [({"target": "x"}, "target"), ({"night": "x"}, "night"), ({"limit": "-1"}, "limit")]
)
def test_the_api_says_what_is_wrong(client, query, field):
    response = client.get("/api/visibility/", query)
    assert response.status_code == 400
    assert field in response.json()


def test_the_api_lists_the_sites(cast, client):
    sites = client.get("/api/sites/").json()
    assert {"coj", "mko", "palomar"} <= {site["code"] for site in sites}


def test_the_api_gives_the_position_at_a_date(client, orion):
    answer = client.get(
        f"/api/targets/{orion.pk}/position/", {"date": "2026-11-22T06:00:00Z", "site": "lsc"}
    ).json()
    assert answer["ra_deg"] == pytest.approx(83.82, abs=1e-4)
    assert answer["altitude_deg"] == pytest.approx(64.8, abs=0.3)
    assert answer["site"] == "lsc"
    moving = NonSiderealTargetFactory(permissions="OPEN")
    found = client.get(f"/api/targets/{moving.pk}/position/", {"date": "61365.5"}).json()
    assert found["distance_au"] > 1
    assert "good to about" in found["accuracy"]
    without = NonSiderealTargetFactory(permissions="OPEN", semimajor_axis=None)
    assert client.get(f"/api/targets/{without.pk}/position/").status_code == 409
    assert "1900" in client.get(f"/api/targets/{orion.pk}/position/", {"date": "1e6"}).json()["date"][0]


def test_the_page_gives_the_position_at_a_date(client, orion):
    url = reverse("targets:section", args=[orion.pk, "position"])
    html = client.get(
        url, {"at": "2026-11-22 06:00", "from": "lsc"}, headers={"HX-Request": "1"}
    ).content.decode()
    assert "2026-11-22 06:00:00 UTC (MJD 61366.25000)" in html
    assert "airmass 1.1" in html
    wrong = client.get(url, {"at": "yesterday"}, headers={"HX-Request": "1"}).content.decode()
    assert "Yesterday is not a time" in wrong or "yesterday is not a time" in wrong.lower()
