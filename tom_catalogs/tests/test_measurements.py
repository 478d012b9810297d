"""What is measured together is taken together: values of two measurements never stand side by side."""

import pytest
from django.urls import reverse

from tom_catalogs.completion import current_sources
from tom_catalogs.models import ValueSource
from tom_common.grants import grant_access
from tom_common.history.models import ChangeSet
from tom_common.history.revert import revert
from tom_dataservices.models import QueryResult
from tom_targets.models import Target
from tom_targets.tests.factories import NonSiderealTargetFactory, SiderealTargetFactory

ASK_BACK = "is <strong>removed</strong>"
IN_CELL = "not given: if chosen, the stored value is removed"
UNBOUND = {
    "type": "NON_SIDEREAL",
    "name": "C/2031 A1",
    "scheme": "MPC_COMET",
    "epoch_of_elements": 60000.0,
    "eccentricity": 1.2,
    "inclination": 10.0,
    "lng_asc_node": 20.0,
    "arg_of_perihelion": 30.0,
    "perihdist": 1.5,
    "epoch_of_perihelion": 60100.0,
}


@pytest.fixture
def page(standin, user, client):
    """Give a function that shows a target beside what one catalogue says of it."""

    def shown(target, term="m31", **told):
        grant_access(user, target)
        address = reverse("tom_catalogs:target-lookup", args=[target.pk])
        found = client.post(address, {"term": term}, follow=True)
        run = next(one.run for one in found.context["known"] if one.title in ("NED", "JPL SBDB"))
        result = QueryResult.objects.get(run=run)
        result.values["extras"] = told.pop("extras", {})
        result.values["fields"] = {"type": "SIDEREAL", "name": "X", **told}
        result.save()
        others = QueryResult.objects.filter(run__in=found.context["lookup"].run_ids).exclude(run=run)
        others.delete()
        return client.get(found.context["lookup"].get_absolute_url()), str(run.pk)

    return shown


def complete(client, page, **chosen):
    address = reverse("tom_catalogs:make-target", args=[page.context["lookup"].pk])
    return client.post(address, {"action": "complete", "anyway": "1", **chosen}, follow=True).content.decode()


def galaxy(**values):
    return SiderealTargetFactory(name="m31", ra=10.6847, dec=41.269, epoch=2000.0, **values)


def test_a_distance_without_an_error_takes_the_stored_error_away(page, client):
    target = galaxy(distance=20e6, distance_err=1e5)
    found, run = page(target, distance=35e6)
    rows = {row.key: row for row in found.context["rows"]}
    (cell,) = rows["distance_err"].cells
    assert cell.removes and rows["distance_err"].stored == 1e5 and not rows["distance_err"].leads
    text = found.content.decode()
    assert ASK_BACK in text and text.count(IN_CELL) == 1
    assert "Taken from catalogues: Distance, Distance error (removed)." in complete(
        client, found, **{"use-distance": run}
    )
    stored = Target.objects.get(pk=target.pk)
    assert (stored.distance, stored.distance_err) == (35e6, None)


def test_what_was_removed_has_no_source_and_comes_back_with_its_own(page, client, user):
    target = galaxy(distance=20e6, distance_err=1e5)
    for field, value in (("distance", "20000000.0"), ("distance_err", "100000.0")):
        ValueSource.objects.create(
            target=target, field=field, value=value, source="A paper", taken=target.created
        )
    found, run = page(target, distance=35e6)
    complete(client, found, **{"use-distance": run})
    told = [(row.field, row.source) for row in current_sources(Target.objects.get(pk=target.pk))]
    assert told == [("distance", "NED")]
    revert(ChangeSet.objects.get(kind="catalogue"), user)
    stored = Target.objects.get(pk=target.pk)
    assert (stored.distance, stored.distance_err) == (20e6, 1e5)
    assert ("distance_err", "A paper") in [(row.field, row.source) for row in current_sources(stored)]


def test_an_orbit_that_is_unbound_keeps_nothing_of_the_ellipse(page, client):
    ellipse = {
        "scheme": "MPC_MINOR_PLANET",
        "epoch_of_elements": 59000.0,
        "eccentricity": 0.9,
        "semimajor_axis": 15.0,
        "mean_anomaly": 3.0,
        "mean_daily_motion": 0.017,
        "ephemeris_period": 21000.0,
        "ephemeris_period_err": 5.0,
        "ephemeris_epoch_err": 0.1,
        "abs_mag": 12.0,
    }
    target = NonSiderealTargetFactory(name="Ceres", ra=None, dec=None, **ellipse)
    found, run = page(target, term="Ceres", **UNBOUND)
    rows = {row.key: row for row in found.context["rows"]}
    removed = {key for key, row in rows.items() if any(cell.removes for cell in row.cells)}
    assert {"semimajor_axis", "mean_anomaly", "mean_daily_motion", "ephemeris_period_err"} <= removed
    assert rows["scheme"].leads
    assert "abs_mag" not in rows  # no catalogue says anything of the brightness
    complete(client, found, **{"use-orbit": run})
    stored = Target.objects.get(pk=target.pk)
    assert (stored.eccentricity, stored.perihdist, stored.scheme) == (1.2, 1.5, "MPC_COMET")
    gone = ("semimajor_axis", "mean_anomaly", "mean_daily_motion", "ephemeris_period")
    gone += ("ephemeris_period_err", "ephemeris_epoch_err")
    assert [getattr(stored, key) for key in gone] == [None] * len(gone)
    assert stored.abs_mag == 12.0


def test_a_scheme_is_emptied_where_the_orbit_has_none(page, client):
    target = NonSiderealTargetFactory(name="Ceres", ra=None, dec=None, scheme="MPC_MINOR_PLANET")
    found, run = page(target, term="Ceres", **(UNBOUND | {"scheme": ""}))
    assert "Orbital element scheme (removed)" in complete(client, found, **{"use-orbit": run})
    assert Target.objects.get(pk=target.pk).scheme == ""


def test_a_magnitude_goes_without_the_slope_of_another(page, client):
    target = NonSiderealTargetFactory(name="Ceres", ra=None, dec=None, abs_mag=12.0, slope=0.4)
    found, run = page(target, term="Ceres", **UNBOUND, abs_mag=11.0)
    complete(client, found, **{"use-brightness": run})
    stored = Target.objects.get(pk=target.pk)
    assert (stored.abs_mag, stored.slope) == (11.0, None)


def test_a_position_without_an_epoch_takes_the_stored_epoch_away(page, client):
    target = galaxy()
    found, run = page(target, ra=10.7, dec=41.3)
    assert found.content.decode().count(IN_CELL) == 1
    complete(client, found, **{"use-position": run})
    stored = Target.objects.get(pk=target.pk)
    assert (stored.ra, stored.dec, stored.epoch) == (10.7, 41.3, None)


def test_nothing_is_removed_where_nothing_is_chosen_or_nothing_was_stored(page, client):
    target = galaxy(distance=20e6, distance_err=1e5)
    found, run = page(target, ra=10.7, dec=41.3, epoch=2000.0, distance=35e6)
    complete(client, found, **{"use-position": run})
    stored = Target.objects.get(pk=target.pk)
    assert (stored.distance, stored.distance_err, stored.ra) == (20e6, 1e5, 10.7)
    other = SiderealTargetFactory(name="other", distance=None, distance_err=None, epoch=None)
    found, run = page(other, distance=35e6)
    assert ASK_BACK not in found.content.decode() and IN_CELL not in found.content.decode()
    assert "(removed)" not in complete(client, found, **{"use-distance": run})
    assert Target.objects.get(pk=other.pk).distance == 35e6


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"ra": 10.0, "dec": 95.0}, "Declination (deg) 95.0: It lies between -90 and 90 degrees."),
        ({"ra": 361.0, "dec": 5.0}, "Right ascension (deg) 361.0: It lies between 0 and 360 degrees."),
        ({"ra": 10.0, "dec": "nan"}, "Declination (deg) nan: This is not a finite number."),
        ({"ra": 10.0, "dec": 5.0, "epoch": "inf"}, "Epoch (yr) inf: This is not a finite number."),
        ({"ra": 10.0, "dec": "north"}, "Declination (deg) north: “north” value must be a float."),
    ],
)
def test_a_place_that_there_is_not_is_refused_in_words(page, client, told, words):
    target = galaxy()
    found, run = page(target, **told)
    text = complete(client, found, **{"use-position": run})
    assert words in text and "Nothing was changed." in text
    assert "Nothing differed" not in text and "Taken from" not in text
    stored = Target.objects.get(pk=target.pk)
    assert (stored.ra, stored.dec, stored.epoch) == (10.6847, 41.269, 2000.0)
    address = reverse("tom_catalogs:make-target", args=[found.context["lookup"].pk])
    chosen = {"action": "create", "use-name": run, "use-position": run}
    assert words in client.post(address, chosen, follow=True).content.decode()
    assert Target.objects.count() == 1


def test_numbers_that_came_as_text_are_taken(page, client):
    target = galaxy()
    found, run = page(target, ra="10.70", dec="41.30", epoch="2016.0")
    complete(client, found, **{"use-position": run})
    stored = Target.objects.get(pk=target.pk)
    assert (stored.ra, stored.dec, stored.epoch) == (10.7, 41.3, 2016.0)
    assert {row.field for row in current_sources(stored)} == {"ra", "dec", "epoch"}


@pytest.mark.parametrize(
    ("stored", "proposed"),
    [({"parallax": 1.3}, {"redshift", "redshift_error"}), ({}, {"parallax", "redshift", "redshift_error"})],
    ids=["stored", "none"],
)
def test_an_error_is_proposed_with_its_value_alone(page, client, stored, proposed):
    extras = {"redshift_error": 0.1, "redshift": 0.5, "parallax_error": 0.2, "radial_velocity_error": 3.0}
    found, run = page(galaxy(**{"parallax": None, **stored}), parallax=2.0, extras=extras)
    taken = {row.key for row in found.context["rows"] if not row.keeps_stored}
    assert taken == proposed | ({"parallax_error"} if "parallax" in proposed else set())
    asked = {"chosen": "1", "use-parallax": run, "proposed": "extra-parallax_error:"}
    found = client.get(found.context["lookup"].get_absolute_url(), {**asked, "extra-parallax_error": ""})
    taken = {row.key for row in found.context["rows"] if not row.keeps_stored}
    assert "parallax_error" in taken  # it follows what the user chose


def test_an_error_comes_from_the_catalogue_of_its_value(standin, user, client):
    page = client.post(reverse("tom_catalogs:query"), {"term": "m31", "service": ""}, follow=True)
    results = list(QueryResult.objects.filter(run__in=[one.run for one in page.context["known"]]))
    assert len(results) > 1

    def chosen(key, without=None):
        for result in results:
            result.values["extras"] = {"redshift": 0.5}
            if result.run_id != without:
                result.values["extras"]["redshift_error"] = 0.1
            result.save()
        rows = client.get(page.context["lookup"].get_absolute_url()).context["rows"]
        return [cell.run for row in rows if row.key == key for cell in row.cells if cell.first]

    (believed,) = chosen("redshift")
    assert chosen("redshift_error") == [believed]
    assert chosen("redshift_error", without=believed) == []
