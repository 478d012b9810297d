"""Factories of targets and what hangs on them; shipped, since plugins' tests import them."""

import factory

from tom_targets.models import Target, TargetExtra, TargetList, TargetName


class SiderealTargetFactory(factory.django.DjangoModelFactory):
    """A target fixed on the sky."""

    class Meta:
        model = Target

    name = factory.Sequence(lambda number: f"sidereal {number}")
    type = Target.SIDEREAL
    ra = factory.Sequence(lambda number: (12.345 + 7.77 * number) % 360.0)
    dec = factory.Sequence(lambda number: -60.0 + (11.1 * number) % 120.0)
    epoch = 2000.0
    pm_ra = 1.5
    pm_dec = -2.5


class NonSiderealTargetFactory(factory.django.DjangoModelFactory):
    """A minor planet with the elements of (1) Ceres, JD 2461000.5 (JPL SBDB, rounded)."""

    class Meta:
        model = Target

    name = factory.Sequence(lambda number: f"minor planet {number}")
    type = Target.NON_SIDEREAL
    scheme = "MPC_MINOR_PLANET"
    epoch_of_elements = 61000.0
    mean_anomaly = 231.5
    arg_of_perihelion = 73.3
    eccentricity = 0.0796
    lng_asc_node = 80.25
    inclination = 10.59
    semimajor_axis = 2.766


class TargetNameFactory(factory.django.DjangoModelFactory):
    """A further name of a target."""

    class Meta:
        model = TargetName

    target = factory.SubFactory(SiderealTargetFactory)
    name = factory.Sequence(lambda number: f"alias {number}")


class TargetExtraFactory(factory.django.DjangoModelFactory):
    """An extra field of a target."""

    class Meta:
        model = TargetExtra

    target = factory.SubFactory(SiderealTargetFactory)
    key = factory.Sequence(lambda number: f"key {number}")
    value = "value"


class TargetGroupingFactory(factory.django.DjangoModelFactory):
    """A list of targets."""

    class Meta:
        model = TargetList

    name = factory.Sequence(lambda number: f"list {number}")
