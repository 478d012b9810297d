import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from tom_common.grants import groups_with_access, holds_grant
from tom_targets.models import Target
from tom_targets.tests.factories import (
    NonSiderealTargetFactory,
    SiderealTargetFactory,
    TargetExtraFactory,
    TargetNameFactory,
)

pytestmark = pytest.mark.django_db
CREATE = "/targets/create/"


def formsets(names=(), tags=()):
    """Return the fields that a browser sends for aliases and tags; each is (key, ...) or text."""
    data = {
        "aliases-TOTAL_FORMS": len(names),
        "aliases-INITIAL_FORMS": 0,
        "targetextra_set-TOTAL_FORMS": len(tags),
        "targetextra_set-INITIAL_FORMS": 0,
    }
    data |= {f"aliases-{i}-name": name for i, name in enumerate(names)}
    for i, (key, value) in enumerate(tags):
        data |= {f"targetextra_set-{i}-key": key, f"targetextra_set-{i}-value": value}
    return data


def sidereal(**changes):
    return {"name": "SN 2026A", "ra": "12:34:56.7", "dec": "-05:15:00", "permissions": "PRIVATE", **changes}


@pytest.fixture
def creator(cast, client_of):
    cast.member.user_permissions.add(
        Permission.objects.get(codename="add_target", content_type__app_label="tom_targets")
    )
    return client_of(cast.member)


def test_a_sidereal_target_with_all_that_belongs_to_it(creator, cast):
    data = sidereal(groups=[cast.group.pk], distance="1e6") | formsets(
        ["AT 2026a", ""], [("host", "NGC 1"), ("", "")]
    )
    response = creator.post(CREATE, data)
    target = Target.objects.get()
    assert (response.status_code, response.url) == (302, target.get_absolute_url())
    assert (target.ra, target.dec) == pytest.approx((188.73625, -5.25))
    assert target.names == ["SN 2026A", "AT 2026a"]
    assert target.tags == {"host": "NGC 1"}
    assert all(
        holds_grant(cast.member, f"{action}_target", target) for action in ("view", "change", "delete")
    )
    assert list(groups_with_access(target, "change_target")) == [cast.group]


def test_the_creator_sees_a_private_target_and_a_stranger_does_not(creator, cast, client_of):
    creator.post(CREATE, sidereal() | formsets())
    path = Target.objects.get().get_absolute_url()
    assert creator.get(path).status_code == 200
    assert client_of(cast.stranger).get(path).status_code == 404


def test_a_group_that_is_not_ones_own_cannot_be_given_access(creator, cast):
    other = cast.group.__class__.objects.create(name="rivals")
    response = creator.post(CREATE, sidereal(groups=[other.pk]) | formsets())
    assert response.status_code == 200
    assert not Target.objects.exists()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"ra": ""}, "This field is required."),
        ({"ra": "25:00:00"}, "between 0h and 24h"),
        ({"ra": "abc"}, "Abc is not a right ascension"),
        ({"dec": "91"}, "between -90 and 90 degrees"),
        ({"dec": "12:61:00"}, "must be below 60"),
        ({"name": ""}, "This field is required."),
        ({"name": "x" * 101}, "at most 100 characters"),
        ({"permissions": "SECRET"}, "Select a valid choice"),
        ({"distance": "far"}, "Enter a number"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(creator, changes, said):
    response = creator.post(
        CREATE, sidereal(epoch="2016.0", **changes) | formsets(["AT 2026a"], [("host", "NGC 1")])
    )
    page = response.content.decode()
    assert response.status_code == 200
    assert said in page
    for typed in ("2016.0", "AT 2026a", "NGC 1"):
        assert f'value="{typed}"' in page
    assert not Target.objects.exists()


def test_a_known_name_is_refused_at_its_field(creator):
    TargetNameFactory(target=SiderealTargetFactory(name="M 31"), name="NGC 224")
    page = creator.post(CREATE, sidereal(name="ngc224") | formsets()).content.decode()
    assert "already known as: M 31" in page
    assert 'href="#id_name"' in page


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["m-31"], "m-31 is already a name of the target M 31"),
        (["sn2026a"], "means the same as the name of this target"),
        (["AT 1", "at1"], "means the same as AT 1"),
    ],
)
def test_an_alias_that_clashes_is_refused(creator, names, said):
    SiderealTargetFactory(name="M 31")
    page = creator.post(CREATE, sidereal() | formsets(names)).content.decode()
    assert said in page
    assert Target.objects.count() == 1


@pytest.mark.parametrize(
    ("tags", "said"),
    [([("ra", "1")], "ra is a field of targets"), ([("a", "1"), ("a", "2")], "stands here twice")],
)
def test_a_tag_that_clashes_is_refused(creator, tags, said):
    assert said in creator.post(CREATE, sidereal() | formsets((), tags)).content.decode()


ELEMENTS = {
    "epoch_of_elements": "61000",
    "inclination": "10.59",
    "lng_asc_node": "80.25",
    "arg_of_perihelion": "73.3",
    "eccentricity": "0.0796",
}
PLACE = {
    "MPC_MINOR_PLANET": {"mean_anomaly": "231.5", "semimajor_axis": "2.766"},
    "MPC_COMET": {"perihdist": "0.96", "epoch_of_perihelion": "60800"},
    "JPL_MAJOR_PLANET": {"mean_daily_motion": "0.52", "mean_anomaly": "19", "semimajor_axis": "1.52"},
}


def moving(scheme, **changes):
    data = {"type": "NON_SIDEREAL", "name": "mover", "scheme": scheme, "permissions": "OPEN"}
    return {**data, **ELEMENTS, **PLACE[scheme], **formsets(), **changes}


@pytest.mark.parametrize("scheme", PLACE)
def test_a_moving_target_of_each_scheme(creator, scheme):
    assert creator.post(CREATE, moving(scheme)).status_code == 302
    target = Target.objects.get()
    assert (target.type, target.scheme, target.ra) == ("NON_SIDEREAL", scheme, None)


@pytest.mark.parametrize("scheme", PLACE)
def test_each_scheme_asks_for_its_elements(creator, scheme):
    for missing in (*ELEMENTS, *PLACE[scheme]):
        response = creator.post(CREATE, moving(scheme, **{missing: ""}))
        assert list(response.context["form"].errors) == [missing]
    assert not Target.objects.exists()


def test_a_negative_eccentricity_is_refused(creator):
    page = creator.post(CREATE, moving("MPC_COMET", eccentricity="-0.1")).content.decode()
    assert "An eccentricity is not negative; -0.1 is." in page


def test_the_address_fills_the_form(creator, settings):
    settings.EXTRA_FIELDS = [{"name": "redshift", "type": "number"}]
    page = creator.get(
        CREATE,
        {
            "name": "SN 1",
            "ra": "10.5",
            "dec": "-3",
            "names": "AT 1,ZTF1",
            "redshift": "0.1",
            "permissions": "OPEN",
        },
    ).content.decode()
    for value in ("SN 1", "10.5", "-3", "AT 1", "ZTF1", "0.1"):
        assert f'value="{value}"' in page
    assert '<option value="OPEN" selected' in page
    moving_page = creator.get(CREATE, {"type": "NON_SIDEREAL", "eccentricity": "0.3"}).content.decode()
    assert 'value="0.3"' in moving_page
    assert 'name="perihdist"' in moving_page


def test_declared_extra_fields_are_typed_and_hidden_ones_absent(creator, settings):
    settings.EXTRA_FIELDS = [
        {"name": "redshift", "type": "number"},
        {"name": "is_fast", "type": "boolean", "default": False},
        {"name": "seen", "type": "datetime"},
        {"name": "secret", "type": "string", "hidden": True},
    ]
    assert 'name="secret"' not in creator.get(CREATE).content.decode()
    assert "Enter a number" in creator.post(CREATE, sidereal(redshift="x") | formsets()).content.decode()
    creator.post(CREATE, sidereal(redshift="0.1", is_fast="true", seen="2026-08-14 04:00") | formsets())
    extras = Target.objects.get().extra_fields
    assert (extras["redshift"], extras["is_fast"]) == (0.1, True)
    assert extras["seen"].isoformat() == "2026-08-14T04:00:00+00:00"


def test_editing_changes_what_was_typed_and_nothing_else(cast, targets, client_of):
    target = targets["PUBLIC"]
    alias = TargetNameFactory(target=target, name="old alias")
    tag = TargetExtraFactory(target=target, key="host", value="NGC 1")
    path = reverse("targets:update", args=(target.pk,))
    client = client_of(cast.owner)
    assert f'value="{target.ra!r}"' in client.get(path).content.decode()
    data = {
        **sidereal(name="new name", permissions="PUBLIC", parallax="3.5"),
        "aliases-TOTAL_FORMS": 2,
        "aliases-INITIAL_FORMS": 1,
        "aliases-0-id": alias.pk,
        "aliases-0-target": target.pk,
        "aliases-0-name": "old alias",
        "aliases-0-DELETE": "on",
        "aliases-1-name": "new alias",
        "aliases-1-target": target.pk,
        "targetextra_set-TOTAL_FORMS": 1,
        "targetextra_set-INITIAL_FORMS": 1,
        "targetextra_set-0-id": tag.pk,
        "targetextra_set-0-target": target.pk,
        "targetextra_set-0-key": "host",
        "targetextra_set-0-value": "NGC 2",
    }
    assert client.post(path, data).status_code == 302
    changed = Target.objects.get(pk=target.pk)
    assert changed.names == ["new name", "new alias"]
    assert changed.tags == {"host": "NGC 2"}
    assert (changed.parallax, changed.created) == (3.5, target.created)


def test_editing_keeps_every_digit_of_a_position(cast, targets, client_of):
    target = targets["OPEN"]
    Target.objects.filter(pk=target.pk).update(ra=123.45678901234567, dec=-1e-7)
    client = client_of(cast.owner)
    path = reverse("targets:update", args=(target.pk,))
    form = client.get(path).context["form"]
    data = {name: form[name].value() for name in ("name", "permissions")} | {
        name: form.fields[name].prepare_value(form[name].value()) for name in ("ra", "dec")
    }
    client.post(path, data | formsets())
    stored = Target.objects.get(pk=target.pk)
    assert (stored.ra, stored.dec) == (123.45678901234567, -1e-7)


def test_a_moving_target_is_edited_with_its_own_form(cast, client_of):
    target = NonSiderealTargetFactory()
    page = client_of(cast.superuser).get(reverse("targets:update", args=(target.pk,))).content.decode()
    assert 'name="semimajor_axis"' in page
    assert 'name="ra"' not in page


@pytest.mark.parametrize(
    ("ra", "dec", "said"),
    [
        ("12:34:56.7", "-05:15:00", "12:34:56.700 \u221205:15:00.00 = 188.736250°, \u22125.250000°"),
        ("188.73625", "-5.25", "12:34:56.700"),
        ("25h", "1", "Not understood: a right ascension lies between 0h and 24h"),
        ("<b>", "1", "&lt;b&gt;"),
        ("", "1", ""),
    ],
)
def test_what_is_understood_is_shown_while_typing(cast, client_of, ra, dec, said):
    page = client_of(cast.stranger).get(reverse("targets:understood-position"), {"ra": ra, "dec": dec})
    assert said in page.content.decode()


def test_a_target_near_by_is_named_unless_it_is_hidden_or_the_same(cast, client_of):
    here = SiderealTargetFactory(name="here", ra=10.0, dec=20.0, permissions="OPEN")
    SiderealTargetFactory(name="hidden", ra=50.0, dec=20.0, permissions="PRIVATE")
    client = client_of(cast.stranger)
    path = reverse("targets:understood-position")
    assert "1.0″ from" in client.get(path, {"ra": "10", "dec": str(20 + 1 / 3600)}).content.decode()
    assert "here" not in client.get(path, {"ra": "10", "dec": "20", "pk": here.pk}).content.decode()
    assert "hidden" not in client.get(path, {"ra": "50", "dec": "20"}).content.decode()
