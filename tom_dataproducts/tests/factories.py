"""Factories of measurements and files."""

from datetime import UTC, datetime, timedelta

import factory

from tom_dataproducts.models import DataProduct, PhotometryReducedDatum, SpectroscopyReducedDatum
from tom_targets.tests.factories import SiderealTargetFactory


class PhotometryFactory(factory.django.DjangoModelFactory):
    """A magnitude in one band."""

    class Meta:
        model = PhotometryReducedDatum

    target = factory.SubFactory(SiderealTargetFactory)
    timestamp = factory.Sequence(lambda number: datetime(2026, 9, 1, tzinfo=UTC) + timedelta(hours=number))
    bandpass = "r"
    brightness = factory.Sequence(lambda number: 18.0 + (number % 20) / 10.0)
    brightness_error = 0.05
    unit = "mag"
    telescope = "P48"
    instrument = "ZTF"
    source_name = "ZTF"


class DataProductFactory(factory.django.DjangoModelFactory):
    """A file of a target."""

    class Meta:
        model = DataProduct

    target = factory.SubFactory(SiderealTargetFactory)
    product_id = factory.Sequence(lambda number: f"product {number}")
    data = factory.django.FileField(filename="light_curve.csv", data=b"time,magnitude,filter,error\n")
    data_product_type = "photometry"


class SpectrumFactory(factory.django.DjangoModelFactory):
    """A short spectrum."""

    class Meta:
        model = SpectroscopyReducedDatum

    target = factory.SubFactory(SiderealTargetFactory)
    timestamp = factory.Sequence(lambda number: datetime(2026, 9, 1, tzinfo=UTC) + timedelta(days=number))
    telescope = "P60"
    instrument = "SEDM"
    wavelength = [4000.0, 5000.0, 6000.0]
    flux = [1e-16, 2e-16, 3e-16]
    wavelength_unit = "Angstrom"
    flux_unit = "erg/s/cm2/A"
    source_name = "test"
