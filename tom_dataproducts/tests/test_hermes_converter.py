"""Targets and measurements in the words of Hermes, as plugins ask for them."""

import datetime as dt

import pytest

from tom_dataproducts.alertstreams.hermes import (
    HermesDataConverter,
    HermesMessageException,
    get_hermes_data_converter_class,
)
from tom_dataproducts.models import PhotometryReducedDatum, ReducedDatum, SpectroscopyReducedDatum
from tom_targets.tests.factories import SiderealTargetFactory

pytestmark = pytest.mark.django_db
NIGHT = dt.datetime(2026, 11, 20, 4, 30, tzinfo=dt.UTC)


class OwnConverter(HermesDataConverter):
    """A project's own."""


@pytest.fixture
def target():
    made = SiderealTargetFactory(name="SN 2026abc", ra=10.5, dec=-20.25)
    made.save(extras={"redshift": 0.03})
    made.aliases.create(name="ZTF26aaaaaab")
    return made


def test_a_target_has_its_position_names_and_redshift(target):
    said = HermesDataConverter().get_hermes_target(target)
    assert (said["name"], said["ra"], said["dec"]) == ("SN 2026abc", 10.5, -20.25)
    assert (said["redshift"], said["aliases"]) == (0.03, ["ZTF26aaaaaab"])


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"brightness": 19.1, "brightness_error": 0.1}, ("brightness", 19.1, "AB mag")),
        ({"limit": 20.5}, ("limiting_brightness", 20.5, "AB mag")),
        ({"brightness": 1e6, "unit": "nJy"}, ("brightness", 1.0, "mJy")),
    ],
    ids=["magnitude", "limit", "flux"],
)
def test_typed_points(target, values, expected):
    datum = PhotometryReducedDatum(target=target, timestamp=NIGHT, bandpass="r", telescope="P48", **values)
    said = HermesDataConverter().get_hermes_photometry(datum)
    key, value, unit = expected
    assert (said[key], said["brightness_unit"], said["bandpass"]) == (value, unit, "r")
    assert (said["target_name"], said["date_obs"][:19]) == ("SN 2026abc", "2026-11-20T04:30:00")


def test_points_and_spectra_of_the_older_shape(target):
    told = HermesDataConverter()
    point = ReducedDatum(
        target=target, timestamp=NIGHT, value={"magnitude": 18.0, "filter": "g", "error": 0.2}
    )
    said = told.get_hermes_photometry(point)
    assert (said["brightness"], said["brightness_error"], said["bandpass"]) == (18.0, 0.2, "g")
    whole = ReducedDatum(target=target, timestamp=NIGHT, value={"flux": [1, 2], "wavelength": [4000, 5000]})
    points = {"1": {"flux": 1, "wavelength": 4000}, "2": {"flux": 2, "wavelength": 5000}}
    for datum in (whole, ReducedDatum(target=target, timestamp=NIGHT, value=points)):
        said = told.get_hermes_spectroscopy(datum)
        assert (said["flux"], said["wavelength"]) == ([1.0, 2.0], [4000.0, 5000.0])


def test_columns_of_unequal_length_are_refused(target):
    datum = SpectroscopyReducedDatum(target=target, timestamp=NIGHT, flux=[1.0], wavelength=[1.0, 2.0])
    with pytest.raises(HermesMessageException, match="1 fluxes, 2 wavelengths"):
        HermesDataConverter(validate=True).get_hermes_spectroscopy(datum)
    assert HermesDataConverter(validate=False).get_hermes_spectroscopy(datum)["flux"] == [1.0]


def test_the_settings_name_the_class_and_bands(settings, target):
    settings.DATA_SHARING = {}
    assert get_hermes_data_converter_class() is HermesDataConverter
    path = f"{__name__}.OwnConverter"
    settings.DATA_SHARING = {"hermes": {"DATA_CONVERTER_CLASS": path, "FILTER_MAPPING": {"r": "SDSS r"}}}
    datum = PhotometryReducedDatum(target=target, timestamp=NIGHT, bandpass="r", brightness=19.0)
    assert get_hermes_data_converter_class() is OwnConverter
    assert OwnConverter().get_hermes_photometry(datum)["bandpass"] == "SDSS r"
