"""What plugin-api 6.1 and 6.2 promise of the rows of measurements."""

import hashlib
from datetime import UTC, datetime

import numpy as np
import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from tom_dataproducts.fields import FloatArrayField
from tom_dataproducts.models import (
    REDUCED_DATUM_MODELS,
    AstrometryReducedDatum,
    DataProduct,
    PhotometryReducedDatum,
    ReducedDatum,
    SpectroscopyReducedDatum,
    data_product_path,
    try_parse_reduced_datum,
)
from tom_observations.models import ObservationRecord
from tom_targets.tests.factories import SiderealTargetFactory

NIGHT = datetime(2026, 8, 1, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture
def target():
    return SiderealTargetFactory(name="SN 2026abc")


def rows_of(target):
    """One row of each typed model: model, what tells it apart, and what does not."""
    same = {"target": target, "timestamp": NIGHT}
    return {
        "brightness": (
            PhotometryReducedDatum,
            {**same, "bandpass": "r", "brightness": 18.0, "instrument": "ZTF", "reduction_version": ""},
            {"source_name": "ALeRCE", "telescope": "P48", "brightness_error": 0.3},
            {"bandpass": "g", "brightness": 18.1, "instrument": "other", "reduction_version": "forced"},
        ),
        "limit": (
            PhotometryReducedDatum,
            {**same, "bandpass": "r", "limit": 20.0, "instrument": "ZTF"},
            {"source_name": "ALeRCE"},
            {"bandpass": "g", "limit": 20.1, "instrument": "other"},
        ),
        "spectrum": (
            SpectroscopyReducedDatum,
            {**same, "telescope": "T", "instrument": "I", "flux": [1.0, 2.0], "wavelength": [5000.0, 5001.0]},
            {"source_name": "other", "wavelength": [1.0, 2.0]},
            {"flux": [1.0, 2.5], "telescope": "U", "instrument": "J", "reduction_version": "2"},
        ),
        "position": (
            AstrometryReducedDatum,
            {**same, "telescope": "T", "instrument": "I", "ra": 10.0, "dec": -5.0},
            {"source_name": "other", "ra_error": 0.1},
            {"ra": 10.1, "dec": -5.1, "telescope": "U", "instrument": "J", "reduction_version": "2"},
        ),
    }


@pytest.mark.parametrize("kind", ["brightness", "limit", "spectrum", "position"])
class TestDuplicates:
    def test_save_refuses_with_a_validation_error(self, target, kind):
        model, identity, provenance, other = rows_of(target)[kind]
        model.objects.create(**identity)
        with pytest.raises(ValidationError):
            model(**{**identity, **provenance}).save()
        for name, value in other.items():
            model.objects.create(**{**identity, name: value})
        assert model.objects.count() == 1 + len(other)

    def test_the_database_refuses_too(self, target, kind):
        model, identity, provenance, _ = rows_of(target)[kind]
        model.objects.create(**identity)
        with pytest.raises(IntegrityError), transaction.atomic():
            model.objects.bulk_create([model(**{**identity, **provenance})])

    def test_bulk_create_may_ignore_them(self, target, kind):
        model, identity, provenance, other = rows_of(target)[kind]
        model.objects.create(**identity)
        name, value = next(iter(other.items()))
        rows = [model(**{**identity, **provenance}), model(**{**identity, name: value})]
        model.objects.bulk_create(rows, ignore_conflicts=True)
        assert model.objects.count() == 2

    def test_get_or_create_finds_the_row_of_another_source(self, target, kind):
        model, identity, _, _ = rows_of(target)[kind]
        first, made = model.objects.get_or_create(**identity, source_name="Fink", source_location="here")
        assert made
        again, made = model.objects.get_or_create(**identity, source_name="ANTARES", source_location="there")
        assert (again, made) == (first, False)
        assert again.source_name == "Fink"


def test_point_key_tells_survey_points_apart(target):
    row = {"target": target, "timestamp": NIGHT, "bandpass": "r", "point_key": 7}
    PhotometryReducedDatum.objects.create(**row, brightness=18.0)
    with pytest.raises(ValidationError):
        PhotometryReducedDatum(**row, brightness=18.5).save()
    PhotometryReducedDatum.objects.create(**{**row, "point_key": None}, brightness=18.6)
    PhotometryReducedDatum.objects.create(**{**row, "point_key": None}, brightness=18.7)


class TestGeneric:
    def test_same_value_at_the_same_time_is_refused_whatever_the_source(self, target):
        row = {"target": target, "data_type": "photometry", "timestamp": NIGHT, "value": {"magnitude": 18.0}}
        first = ReducedDatum.objects.create(**row, source_name="Fink")
        with pytest.raises(ValidationError, match="already exists"):
            ReducedDatum(**row, source_name="ANTARES").save()
        again, made = ReducedDatum.objects.get_or_create(**row, source_name="ANTARES", source_location="x")
        assert (again, made) == (first, False)
        first.save()  # itself is no duplicate
        ReducedDatum.objects.create(**{**row, "value": {"magnitude": 18.1}})
        ReducedDatum.objects.create(**{**row, "data_type": "anything"})


class TestFloatArrays:
    @pytest.mark.parametrize(
        "given", [[1, 2.5], (1, 2.5), np.array([1, 2.5]), np.array([1, 2.5], np.float32)]
    )
    def test_lists_tuples_and_arrays_become_floats(self, target, given):
        SpectroscopyReducedDatum.objects.create(target=target, flux=given, wavelength=given)
        assert SpectroscopyReducedDatum.objects.get().flux == [1.0, 2.5]

    @pytest.mark.parametrize("given", ["text", 5, [[1, 2]], ["x"]])
    def test_anything_else_is_refused(self, given):
        with pytest.raises(ValidationError):
            FloatArrayField().clean(given, None)

    def test_spectrum_of_many_thousand_points(self, target):
        flux = np.linspace(0.0, 1.0, 20_000)
        SpectroscopyReducedDatum.objects.create(target=target, flux=flux, wavelength=flux)
        assert len(SpectroscopyReducedDatum.objects.get().flux) == 20_000


def digest(*flux):
    return hashlib.sha256(",".join(repr(value) for value in flux).encode()).hexdigest()


class TestFluxDigest:
    def stored(self):
        return SpectroscopyReducedDatum.objects.values_list("flux_digest", flat=True).get()

    def test_is_right_on_every_path(self, target):
        row = SpectroscopyReducedDatum.objects.create(target=target, flux=[1.0])
        assert self.stored() == digest(1.0)
        row.flux = np.array([2.0])
        row.save(update_fields=["flux"])
        assert self.stored() == digest(2.0)
        row.flux = [3.0]
        SpectroscopyReducedDatum.objects.bulk_update([row], ["flux"])
        assert self.stored() == digest(3.0)
        SpectroscopyReducedDatum.objects.update(flux=[4.0])
        assert self.stored() == digest(4.0)
        SpectroscopyReducedDatum.objects.all().delete()
        SpectroscopyReducedDatum.objects.bulk_create([SpectroscopyReducedDatum(target=target, flux=[5.0])])
        assert self.stored() == digest(5.0)


class TestTryParse:
    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            ({"magnitude": 18.0, "error": 0.1, "filter": "r"}, (18.0, 0.1, "r")),
            ({"mag": 18.0, "mag_err": 0.1, "band": "r"}, (18.0, 0.1, "r")),
            ({"brightness": 18.0, "magnitude": 99.0, "magnitude_error": 0.1, "f": "r"}, (18.0, 0.1, "r")),
            ({"brightness": 18.0, "brightness_error": 0.1, "bandpass": "r"}, (18.0, 0.1, "r")),
        ],
    )
    @pytest.mark.parametrize("nested", [True, False])
    def test_photometry(self, target, given, expected, nested):
        common = {"data_type": "Photometry", "target": target, "timestamp": NIGHT, "source_name": "Fink"}
        row = try_parse_reduced_datum({**common, "value": given} if nested else {**common, **given})
        assert isinstance(row, PhotometryReducedDatum)
        assert row.pk is None
        assert (row.brightness, row.brightness_error, row.bandpass) == expected
        assert (row.target, row.timestamp, row.source_name) == (target, NIGHT, "Fink")

    def test_limit_instrument_and_leftovers(self):
        value = {"limit": 20.0, "filter": "g", "telescope": "P48", "instrument": "ZTF", "exposure_time": 30}
        row = try_parse_reduced_datum({"data_type": "photometry", "value": {**value, "airmass": 1.2}})
        assert (row.limit, row.brightness, row.telescope, row.exposure_time) == (20.0, None, "P48", 30)
        assert row.value == {"airmass": 1.2}

    def test_spectroscopy(self):
        row = try_parse_reduced_datum(
            {
                "data_type": "spectroscopy",
                "f": [1],
                "wl": [2],
                "err": [3],
                "f_unit": "Jy",
                "lambda_units": "nm",
            }
        )
        assert isinstance(row, SpectroscopyReducedDatum)
        assert (row.flux, row.wavelength, row.error, row.flux_unit, row.wavelength_unit) == (
            [1],
            [2],
            [3],
            "Jy",
            "nm",
        )

    def test_astrometry(self):
        row = try_parse_reduced_datum(
            {
                "data_type": "astrometry",
                "ra_deg": 1.0,
                "declination": 2.0,
                "ra_err": 0.1,
                "dec_err_units": "deg",
            }
        )
        assert isinstance(row, AstrometryReducedDatum)
        assert (row.ra, row.dec, row.ra_error, row.dec_error_units) == (1.0, 2.0, 0.1, "deg")

    def test_anything_else(self):
        row = try_parse_reduced_datum({"data_type": "polarimetry", "q": 0.1})
        assert type(row) is ReducedDatum
        assert (row.data_type, row.value) == ("polarimetry", {"q": 0.1})


class TestDataProduct:
    def test_type_is_known_or_empty(self, target):
        DataProduct.objects.create(target=target)
        with pytest.raises(ValidationError, match="nonsense"):
            DataProduct.objects.create(target=target, data_product_type="nonsense")
        assert DataProduct(data_product_type="photometry").get_type_display() == "Photometry"

    def test_names(self, target):
        product = DataProduct(target=target)
        assert (product.get_file_name(), product.get_file_extension()) == ("", "")
        product.data.name = "sn-2026abc/none/spectrum.ascii"
        assert (product.get_file_name(), product.get_file_extension()) == ("spectrum.ascii", ".ascii")
        assert data_product_path(product, "a.txt") == "sn-2026abc/none/a.txt"
        product.observation_record = ObservationRecord(facility="Las Cumbres")
        assert data_product_path(product, "a.txt") == "sn-2026abc/las-cumbres/a.txt"

    def test_path_of_the_project(self, target, settings):
        settings.DATA_PRODUCT_PATH = "tom_dataproducts.tests.test_models.own_path"
        assert data_product_path(DataProduct(target=target), "a.txt") == "own/SN 2026abc/a.txt"

    def test_product_id_is_unique_or_none(self, target):
        DataProduct.objects.create(target=target, product_id="x")
        DataProduct.objects.create(target=target)
        DataProduct.objects.create(target=target)
        same, made = DataProduct.objects.get_or_create(
            product_id="x", target=target, defaults={"extra_data": "y"}
        )
        assert not made
        with pytest.raises(IntegrityError), transaction.atomic():
            DataProduct.objects.create(target=target, product_id="x")


def own_path(instance, filename):
    return f"own/{instance.target.name}/{filename}"


def test_there_are_four_models():
    assert [model.__name__ for model in REDUCED_DATUM_MODELS] == [
        "ReducedDatum",
        "PhotometryReducedDatum",
        "SpectroscopyReducedDatum",
        "AstrometryReducedDatum",
    ]
