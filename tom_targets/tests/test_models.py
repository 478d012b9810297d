import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection
from django.db.models import F, Value
from django.db.models.functions import Concat

from tom_common.astro.sky_index import sky_index
from tom_targets.models import Target, TargetExtra, TargetName
from tom_targets.tests.factories import SiderealTargetFactory, TargetNameFactory

pytestmark = pytest.mark.django_db


def is_right(target):
    target.refresh_from_db()
    wanted = None if target.ra is None else int(sky_index(target.ra, target.dec))
    return target.sky_index == wanted and target.name_key == "".join(target.name.lower().split())


def test_save_sets_the_derived_columns():
    assert is_right(Target.objects.create(name="SN 2026A", type="SIDEREAL", ra=10.0, dec=-5.0))


def test_save_with_update_fields_keeps_the_derived_columns_right():
    target = SiderealTargetFactory(name="one")
    target.ra, target.dec, target.name = 123.4, 56.7, "Two"
    target.save(update_fields=["ra", "dec", "name"])
    assert is_right(target)
    assert target.name_key == "two"


def test_update_fields_of_something_else_leave_the_position_alone():
    target = SiderealTargetFactory()
    stored = target.sky_index
    target.ra = 200.0
    target.distance = 10.0
    target.save(update_fields=["distance"])
    target.refresh_from_db()
    assert target.sky_index == stored
    assert target.ra != 200.0


def test_bulk_create_sets_the_derived_columns():
    made = Target.objects.bulk_create(
        [Target(name=f"bulk {i}", type="SIDEREAL", ra=i, dec=i) for i in range(5)]
    )
    assert all(is_right(target) for target in made)


def test_bulk_update_keeps_the_derived_columns_right():
    made = SiderealTargetFactory.create_batch(3)
    for target in made:
        target.ra += 1.0
    Target.objects.bulk_update(made, ["ra"])
    assert all(is_right(target) for target in made)


def test_update_with_values_keeps_the_derived_columns_right():
    target = SiderealTargetFactory()
    Target.objects.filter(pk=target.pk).update(ra=0.0, dec=90.0)
    assert is_right(target)


def test_update_of_one_coordinate_keeps_the_index_right():
    made = SiderealTargetFactory.create_batch(3)
    Target.objects.update(dec=12.5)
    assert all(is_right(target) for target in made)


def test_update_with_expressions_keeps_the_derived_columns_right():
    made = SiderealTargetFactory.create_batch(3)
    Target.objects.update(ra=F("ra") / 2 + 1.0, name=Concat(Value("X "), F("name")))
    assert all(is_right(target) for target in made)
    assert made[0].name.startswith("X ")


@pytest.mark.parametrize(("ra", "dec"), [(None, 10.0), (10.0, None), (10.0, 90.1), (10.0, -91.0)])
def test_no_index_without_a_valid_position(ra, dec):
    target = SiderealTargetFactory(ra=ra, dec=dec)
    target.refresh_from_db()
    assert target.sky_index is None


def test_right_ascension_is_taken_modulo_360():
    plain, turned = SiderealTargetFactory(ra=5.0, dec=1.0), SiderealTargetFactory(ra=365.0, dec=1.0)
    assert plain.sky_index == turned.sky_index


def test_save_stores_extras_and_names(settings):
    settings.EXTRA_FIELDS = [
        {"name": "redshift", "type": "number", "default": 0.1},
        {"name": "is_fast", "type": "boolean"},
    ]
    target = Target(name="SN 2026B", type="SIDEREAL", ra=1.0, dec=2.0)
    target.save(extras={"redshift": "0.25", "host": "NGC 1"}, names=["AT 2026b", "ZTF26b"])
    target = Target.objects.get(pk=target.pk)
    assert target.extra_fields == {"redshift": 0.25}
    assert target.tags == {"host": "NGC 1"}
    assert target.names == ["SN 2026B", "AT 2026b", "ZTF26b"]
    target.save(extras={"redshift": 0.3}, names=["AT 2026b"])
    assert Target.objects.get(pk=target.pk).extra_fields == {"redshift": 0.3}
    assert target.aliases.count() == 2


def test_declared_defaults_are_stored_with_a_new_target_only(settings):
    settings.EXTRA_FIELDS = [{"name": "priority", "type": "number", "default": 3}]
    target = SiderealTargetFactory()
    assert target.extra_fields == {"priority": 3.0}
    target.targetextra_set.all().delete()
    target.save()
    assert Target.objects.get(pk=target.pk).extra_fields == {}


def test_a_bad_alias_stores_nothing():
    SiderealTargetFactory(name="M 31")
    with pytest.raises(ValidationError):
        Target(name="Andromeda", type="SIDEREAL", ra=1, dec=1).save(names=["m31"])
    assert not Target.objects.filter(name="Andromeda").exists()


def test_the_hook_hears_of_each_save(settings, caplog):
    settings.HOOKS = {"target_post_save": "tom_common.hooks.target_post_save"}
    with caplog.at_level("INFO", logger="tom_common.hooks"):
        target = SiderealTargetFactory(name="heard")
        target.save()
    assert [record.args for record in caplog.records] == [(target, True), (target, False)]


def test_two_targets_of_one_name_are_refused_by_the_database():
    SiderealTargetFactory(name="M 1")
    with pytest.raises(IntegrityError):
        SiderealTargetFactory(name="M 1")


@pytest.mark.parametrize("name", ["m 31", "M-31", "m_31", "(M31)", "NGC224"])
def test_validation_refuses_a_name_that_means_another_target(name):
    TargetNameFactory(target=SiderealTargetFactory(name="M 31"), name="NGC 224")
    with pytest.raises(ValidationError, match="already known as: M 31"):
        Target(name=name, type="SIDEREAL", ra=1, dec=1).full_clean()


def test_validation_refuses_a_name_that_is_an_alias_of_the_target_itself():
    target = SiderealTargetFactory(name="M 31")
    TargetNameFactory(target=target, name="NGC 224")
    target.name = "ngc-224"
    with pytest.raises(ValidationError, match="already an alias of this target"):
        target.full_clean()


@pytest.mark.parametrize(
    ("value", "text", "number", "truth", "is_time"),
    [
        ("1.5", "1.5", 1.5, True, False),
        (0, "0", 0.0, False, False),
        ("true", "true", None, True, False),
        ("nan", "nan", None, None, False),
        ("2026-08-14T04:00:00", "2026-08-14T04:00:00", None, None, True),
        ("SN Ia", "SN Ia", None, None, False),
        (None, "None", None, None, False),
    ],
)
def test_an_extra_is_kept_in_every_type_that_it_fits(value, text, number, truth, is_time):
    extra = TargetExtra.objects.create(target=SiderealTargetFactory(), key="key", value=value)
    extra.refresh_from_db()
    assert (extra.value, extra.float_value, extra.bool_value) == (text, number, truth)
    assert (extra.time_value is not None) == is_time


def test_the_index_of_positions_is_used_for_a_cone():
    plan = Target.matches.match_cone_search(10.0, 10.0, 60.0).explain()
    if connection.vendor == "sqlite":
        assert "sky_index" in plan
    else:
        assert plan  # on a nearly empty table the planner reads it whole
    assert TargetName._meta.get_field("name_key").db_index
