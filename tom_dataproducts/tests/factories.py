"""Factories of measurements and files."""

from datetime import UTC, datetime, timedelta

import factory

from tom_dataproducts.models import DataProduct, PhotometryReducedDatum
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
