from datetime import UTC, datetime, timedelta

import pytest
from django.template import Context, Template
from django.test import RequestFactory

from tom_observations.sites import facility_sites, register_facility_sites, unregister_facility_sites
from tom_observations.utils import get_sidereal_visibility
from tom_targets.tests.factories import NonSiderealTargetFactory, SiderealTargetFactory

pytestmark = pytest.mark.django_db
START = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def target():
    return SiderealTargetFactory(name="SN 2026A", ra=83.82, dec=-5.39, epoch=2000.0)


def test_visibility_has_times_and_airmass_by_facility_and_site(target):
    found = get_sidereal_visibility(target, START, START + timedelta(days=1), 10, 2.0, "LCO")
    assert set(found) == {f"(LCO) {name}" for name in (
        "Siding Spring", "Sutherland", "Teide", "Cerro Tololo", "McDonald", "Haleakala", "Wise",
    )}  # fmt: skip
    times, airmasses = found["(LCO) Teide"]
    assert (times[0], times[-1], len(times)) == (START, START + timedelta(days=1), 145)
    shown = [value for value in airmasses if value is not None]
    # Transit altitude 90 - 28.300 - 5.39 = 56.31 degrees: airmass 1.2018.
    assert min(shown) == pytest.approx(1.2018, abs=0.002)
    assert max(shown) <= 2.0
    assert airmasses[0] is None  # noon in the Canaries


def test_every_facility_is_asked_where_none_is_named(target):
    found = get_sidereal_visibility(target, START, START + timedelta(hours=2), 60, None)
    assert {"(LCO) Teide", "(GEM) Maunakea", "(Palomar) Palomar", "(ESO) Paranal"} <= set(found)


def test_what_moves_has_no_sidereal_visibility():
    target = NonSiderealTargetFactory()
    assert get_sidereal_visibility(target, START, START + timedelta(days=1), 60, 2) == {}


@pytest.mark.parametrize(
    ("hours", "interval", "reason"),
    [(0, 10, "must be after"), (24, 0, "interval 0"), (24 * 365, 1, "20,000")],
)
def test_what_cannot_be_computed_is_refused(target, hours, interval, reason):
    with pytest.raises(ValueError, match=reason):
        get_sidereal_visibility(target, START, START + timedelta(hours=hours), interval, 2)


def test_the_sites_that_a_facility_tells_stand_in_for_those_of_the_table(caplog):
    entry = {"sitecode": "coj", "latitude": -31.27, "longitude": 149.06, "elevation": 1100}
    register_facility_sites(
        "LCO", lambda: {"Siding Spring": entry, "Nowhere": {"latitude": 91, "longitude": 0}}
    )
    try:
        of_lco = [site for site in facility_sites() if site.facility == "LCO"]
    finally:
        unregister_facility_sites("LCO")
    assert [(site.code, site.latitude_deg) for site in of_lco] == [("coj", -31.27)]
    assert "Nowhere of LCO is left out" in caplog.text


def test_a_facility_that_fails_loses_its_sites_only(caplog):
    def fail():
        raise ConnectionError("portal down")

    register_facility_sites("LCO", fail)
    try:
        codes = {site.code for site in facility_sites()}
    finally:
        unregister_facility_sites("LCO")
    assert "coj" not in codes
    assert "mko" in codes
    assert "its sites are left out" in caplog.text


def render(text, **context):
    return Template(text).render(Context(context))


def test_the_plan_of_a_facility_is_drawn(target):
    html = render(
        "{% load observation_extras %}{% observation_plan target 'GEM' length=1 airmass_limit=2 %}",
        target=target,
    )
    assert 'class="tom-night-chart"' in html
    assert "(GEM) Cerro Pachon" in html
    assert "(LCO)" not in html
    assert "tom-night-limit" in html


def test_a_plan_without_facility_is_for_the_usual_sites(target):
    assert (
        html_sites(render("{% load observation_extras %}{% observation_plan target %}", target=target)) == 5
    )


def html_sites(html):
    return html.count("tom-night-sample")


def test_the_plan_of_the_target_page_reads_the_address(target):
    request = RequestFactory().get(
        "/", {"start_time": "2026-11-21T20:00", "end_time": "2026-11-22T08:00", "airmass": "2"}
    )
    request.user = None
    html = render("{% load targets_extras %}{% target_plan %}", request=request, object=target)
    assert 'value="2026-11-21T20:00"' in html or "2026-11-21 20:00" in html
    assert "tom-night-limit" in html
    wrong = RequestFactory().get("/", {"start_time": "2026-11-21T20:00", "end_time": "2026-11-20T20:00"})
    wrong.user = None
    assert "after the start" in render(
        "{% load targets_extras %}{% target_plan %}", request=wrong, object=target
    )


def test_the_distance_of_the_moon_is_drawn(target):
    html = render(
        "{% load targets_extras %}{% moon_distance target day_range=20 width=None %}", target=target
    )
    assert "Distance of the Moon from SN 2026A" in html


def test_no_chart_is_drawn_for_what_has_no_place():
    target = NonSiderealTargetFactory(semimajor_axis=None)
    text = (
        "{% load targets_extras observation_extras %}{% moon_distance target %}{% observation_plan target %}"
    )
    assert render(text, target=target).count("has no position") == 2
