import pytest
from django.urls import reverse

from tom_targets.models import Target
from tom_targets.tests.factories import NonSiderealTargetFactory
from tom_targets.typed_position import typed_position

pytestmark = pytest.mark.django_db

FORMSETS = {
    f"{prefix}-{name}": value
    for prefix in ("aliases", "targetextra_set")
    for name, value in (("TOTAL_FORMS", "0"), ("INITIAL_FORMS", "0"))
}


def add(client, cast, **data):
    client.force_login(cast.superuser)
    return client.post(
        reverse("targets:create"), {"type": "SIDEREAL", "permissions": "PRIVATE", **FORMSETS, **data}
    )


@pytest.mark.parametrize(
    ("name", "ra", "dec"),
    [
        ("a", "12:34:56.7", "-05:15:00"),
        ("b", "12h34m56.7s", "-5d15m"),
        ("c", "12:34:56.7 -05:15:00", ""),
        ("d", "RA=188.73625 Dec=-5.25", ""),
        ("e", "J123456.7-051500", ""),
        ("SDSS J123456.7-051500", "", ""),
    ],
)
def test_a_target_is_made_however_its_position_is_typed(cast, client, name, ra, dec):
    assert add(client, cast, name=name, ra=ra, dec=dec).status_code == 302
    target = Target.objects.get()
    assert (target.ra, target.dec) == (pytest.approx(188.73625, abs=1e-8), pytest.approx(-5.25, abs=1e-8))
    assert target.galactic_lat is None or target.galactic_lat == pytest.approx(57.39, abs=0.01)


def test_what_is_no_position_is_refused_and_stays_in_its_box(cast, client):
    html = add(client, cast, name="SN 2026A", ra="here", dec="").content.decode()
    assert "here is not a right ascension" in html.replace("Here", "here")
    assert 'value="here"' in html
    assert not Target.objects.exists()


def test_the_form_says_what_it_understood_before_anything_is_stored(cast, client):
    response = add(client, cast, name="MAXI J1820+070", ra="", dec="", check="1")
    html = response.content.decode()
    assert "Understood from the designation MAXI J1820+070, which resolves 15 arcmin" in html
    assert "18:20:00.000 +07:00:00.00" in html
    assert not Target.objects.exists()


def test_while_typing_the_page_says_what_it_understands(cast, client):
    client.force_login(cast.superuser)
    url = reverse("targets:understood-position")
    said = client.get(url, {"ra": "12 34 56.7 -05 15 00"}).content.decode()
    assert "12:34:56.700 −05:15:00.00" in said
    assert "from the box of the right ascension" in said
    assert client.get(url, {"name": "SN 2026A"}).content == b""
    assert "Not understood" in client.get(url, {"ra": "25:00:00", "dec": "1"}).content.decode()


def test_a_name_does_not_change_a_position_that_was_typed():
    found = typed_position(ra="10", dec="20", name="SDSS J123456.7-051500")
    assert (found.ra_deg, found.dec_deg, found.remark) == (10.0, 20.0, "")


@pytest.mark.parametrize(
    ("scheme", "missing"),
    [
        ("MPC_MINOR_PLANET", {"mean_anomaly", "semimajor_axis"}),
        ("MPC_COMET", {"perihdist", "epoch_of_perihelion"}),
        ("JPL_MAJOR_PLANET", {"mean_daily_motion", "mean_anomaly", "semimajor_axis"}),
    ],
)
def test_each_scheme_asks_for_its_elements(cast, client, scheme, missing):
    elements = {
        "epoch_of_elements": "2461000.5",
        "inclination": "10",
        "lng_asc_node": "80",
        "arg_of_perihelion": "73",
        "eccentricity": "0.08",
    }
    data = {"type": "NON_SIDEREAL", "name": "x", "scheme": scheme, **elements}
    form = add(client, cast, **data).context["form"]
    assert set(form.errors) == missing
    filled = {"mean_anomaly": "10", "semimajor_axis": "2.7", "mean_daily_motion": "0.2", "perihdist": "2.5"}
    assert add(client, cast, **data, **filled, epoch_of_perihelion="61000").status_code == 302
    assert Target.objects.get().epoch_of_elements == 61000.0  # from the Julian date


def test_a_moving_target_is_edited_without_loss(cast, client):
    target = NonSiderealTargetFactory()
    client.force_login(cast.superuser)
    form = client.get(reverse("targets:update", args=[target.pk])).context["form"]
    data = {name: value for name in form.fields if (value := form[name].value()) is not None}
    assert client.post(reverse("targets:update", args=[target.pk]), {**data, **FORMSETS}).status_code == 302
    target.refresh_from_db()
    assert target.semimajor_axis == 2.766
