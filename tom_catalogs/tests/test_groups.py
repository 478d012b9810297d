"""Values that mean something together only come from one catalogue; targets made by the form know theirs."""

import pytest
from django.urls import reverse

from tom_catalogs.completion import current_sources
from tom_catalogs.differences import apart_arcsec
from tom_catalogs.fields import label_of, shown
from tom_common.grants import grant_access
from tom_dataservices.models import QueryResult
from tom_targets.models import Target
from tom_targets.tests.factories import NonSiderealTargetFactory


def looked_up(client, term):
    return client.post(reverse("tom_catalogs:query"), {"term": term, "service": ""}, follow=True)


def runs_of(page):
    return {answer.title: str(answer.run.pk) for answer in page.context["comparison"].answers}


def send(client, page, action, **chosen):
    address = reverse("tom_catalogs:make-target", args=[page.context["lookup"].pk])
    return client.post(address, {"action": action, **chosen}, follow=True)


def test_an_orbit_is_taken_whole_and_makes_a_moving_target(standin, user, client):
    page = looked_up(client, "Ceres")
    rows = {row.key: row for row in page.context["rows"]}
    assert rows["scheme"].leads and not rows["eccentricity"].leads
    runs = runs_of(page)
    chosen = {
        "use-name": runs["JPL SBDB"],
        "use-orbit": runs["JPL Horizons"],
        "use-brightness": runs["JPL SBDB"],
    }
    send(client, page, "create", **chosen)
    made = Target.objects.get()
    assert (made.type, made.scheme, made.name) == ("NON_SIDEREAL", "MPC_MINOR_PLANET", "(1) Ceres")
    # All of the recorded answer of JPL Horizons; H of JPL SBDB.
    assert (made.eccentricity, made.epoch_of_elements) == (0.07837505574674922, 51544.0)
    assert (made.semimajor_axis, made.mean_anomaly) == (2.766494289599058, 6.069622713669460)
    assert (made.abs_mag, made.slope) == (3.34, 0.12)
    sources = {row.field: row.source for row in current_sources(made)}
    assert (sources["mean_anomaly"], sources["abs_mag"]) == ("JPL Horizons", "JPL SBDB")


def test_the_orbits_of_two_catalogues_agree_side_by_side(standin, user, client):
    rows = {row.key: row for row in looked_up(client, "Ceres").context["rows"]}
    a_au = [cell.value for cell in rows["semimajor_axis"].cells if cell.value is not None]
    assert len(a_au) == 2 and a_au[0] == pytest.approx(a_au[1], rel=1e-3)
    assert any(cell.difference for cell in rows["semimajor_axis"].cells)
    assert rows["semimajor_axis"].label == "Semimajor axis (au)"


def test_a_position_and_an_orbit_make_no_target(standin, user, client):
    page = looked_up(client, "Ceres")
    runs = runs_of(page)
    result = QueryResult.objects.get(run=runs["JPL Horizons"])
    result.values["fields"] = {"type": "SIDEREAL", "name": "X", "ra": 1.0, "dec": 2.0}
    result.save()
    chosen = {"use-name": runs["JPL SBDB"], "use-orbit": runs["JPL SBDB"]}
    text = send(client, page, "create", **chosen, **{"use-position": runs["JPL Horizons"]}).content.decode()
    assert "choose a position or an orbit, not both" in text
    text = send(client, page, "create", **{"use-name": runs["JPL SBDB"]}).content.decode()
    assert "Choose a position or an orbit" in text
    assert not Target.objects.exists()


def test_what_belongs_to_another_type_is_neither_proposed_nor_taken(standin, user, client):
    page = looked_up(client, "Ceres")
    runs = runs_of(page)
    result = QueryResult.objects.get(run=runs["JPL Horizons"])
    result.values["fields"] = {"type": "SIDEREAL", "name": "X", "ra": 1.0, "dec": 2.0}
    result.save()
    rows = client.get(page.context["lookup"].get_absolute_url()).context["rows"]
    proposed = {row.key for row in rows if not row.keeps_stored}
    assert "scheme" in proposed and "ra" not in proposed
    target = NonSiderealTargetFactory(name="Ceres", ra=None, dec=None)
    grant_access(user, target)
    page = client.post(reverse("tom_catalogs:target-lookup", args=[target.pk]), {"term": ""}, follow=True)
    assert "ra" not in {row.key for row in page.context["rows"]}
    runs = runs_of(page)
    send(client, page, "complete", **{"use-position": runs["JPL Horizons"], "use-orbit": runs["JPL SBDB"]})
    found = Target.objects.get(pk=target.pk)
    assert (found.ra, found.eccentricity) == (None, 0.07553461024389638)


def test_a_value_that_no_target_may_have_is_told_with_its_field(standin, user, client):
    page = looked_up(client, "m31")
    runs = runs_of(page)
    result = QueryResult.objects.get(run=runs["NED"])
    result.values["fields"]["name"] = "x" * 150
    result.save()
    chosen = {"use-name": runs["NED"], "use-position": runs["NED"]}
    text = send(client, page, "create", **chosen).content.decode()
    assert "Name xxxx" in text and "100" in text
    assert not Target.objects.exists()


def test_a_target_made_by_the_form_knows_whose_its_values_are(standin, user, client):
    page = looked_up(client, "m31")
    runs = runs_of(page)
    chosen = {"use-name": runs["Sesame"], "use-position": runs["NED"], "extra-redshift": runs["NED"]}
    address = reverse("tom_catalogs:make-target", args=[page.context["lookup"].pk])
    url = client.post(address, {"action": "form", **chosen, "names": ["NGC 224"]}).url
    form = client.get(url)
    extras = form.context["extra_form"]
    assert {(row.initial.get("key"), row.initial.get("value")) for row in extras.forms if row.initial} == {
        ("redshift", "-0.001001")
    }
    data = {
        "name": "M 31",
        "type": "SIDEREAL",
        "ra": "10.68479",
        "dec": "41.0",  # typed otherwise
        "epoch": "2000.0",
        "permissions": "PUBLIC",
    }
    formsets = (
        (form.context["names_form"], [("name", "NGC 224")]),
        (extras, [("key", "redshift"), ("value", "-0.001001")]),
    )
    for formset, row in formsets:
        for field in formset.management_form:
            data[field.html_name] = field.value()
        data |= {f"{formset.prefix}-0-{key}": value for key, value in row}
    answer = client.post(url, data)
    assert answer.status_code == 302, answer.context["form"].errors
    made = Target.objects.get()
    assert {row.field: row.source for row in current_sources(made)} == {
        "name": "Sesame",
        "ra": "NED",
        "epoch": "NED",
        "extra-redshift": "NED",
        "alias-NGC 224": "Sesame",
    }


@pytest.mark.parametrize("taken", ["", "x", "99999", "1,use-position", "1,use-position:abc", ",:,:"])
def test_an_odd_address_of_the_form_does_no_harm(standin, user, client, taken):
    looked_up(client, "m31")
    url = f"{reverse('targets:create')}?type=SIDEREAL&taken={taken}"
    form = client.get(url)
    data = {"name": "X", "type": "SIDEREAL", "ra": "1.0", "dec": "2.0", "permissions": "PUBLIC"}
    for formset in (form.context["names_form"], form.context["extra_form"]):
        data |= {field.html_name: field.value() for field in formset.management_form}
    assert client.post(url, data).status_code == 302
    assert current_sources(Target.objects.get()) == []


def test_positions_are_compared_at_one_epoch():
    # Barnard's star: 10.36 arcsec/yr, at J2000 and as Gaia has it at J2016.
    simbad = {"ra": 269.452077, "dec": 4.693364, "epoch": 2000.0, "pm_ra": -801.551, "pm_dec": 10362.394}
    gaia = {"ra": 269.448503, "dec": 4.739420, "epoch": 2016.0, "pm_ra": -801.551, "pm_dec": 10362.394}
    assert apart_arcsec(simbad, gaia) < 0.05
    without = {key: value for key, value in gaia.items() if not key.startswith("pm")}
    assert apart_arcsec(simbad, without) < 0.05  # by the motion that the other one knows
    assert apart_arcsec({**simbad, "epoch": None}, gaia) == pytest.approx(166.3, abs=0.5)
    assert apart_arcsec(simbad, {"ra": None, "dec": 1.0}) is None


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("ra", 10.68479, "10.6847900"),
        ("epoch", 2015.5, "2015.50"),
        ("parallax", -0.123456789, "-0.123456789"),
        ("eccentricity", 0.07837505574674922, "0.07837505575"),
        ("near_earth_object", False, "no"),
        ("near_earth_object", "True", "yes"),
        ("orbit_samples", 100, "100"),
        ("redshift", None, ""),
        ("host", "M101", "M101"),
    ],
)
def test_values_are_shown_to_the_digits_that_matter(key, value, text):
    assert shown(key, value) == text


def test_labels_hold_units():
    assert label_of("pm_ra") == "Proper motion (RA) (mas/yr, × cos Dec)"
    assert label_of("epoch_of_elements") == "Epoch of elements (MJD, TDB)"
    assert label_of("spectral_type") == "Spectral type"
