"""The target serializer as plugins use it: without a request, as a field, subclassed; and its fields."""

import functools

import pytest
from django.contrib.auth.models import AnonymousUser
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.test import APIRequestFactory

from tom_common.api_fields import FiniteFloatField, PlainJSONField, UtcDateTimeField
from tom_common.grants import grant_access, holds_grant
from tom_targets.fields import TargetFilteredPrimaryKeyRelatedField
from tom_targets.models import Target
from tom_targets.serializers import TargetSerializer
from tom_targets.tests.factories import SiderealTargetFactory, TargetNameFactory

pytestmark = pytest.mark.django_db
DEEP = functools.reduce(lambda inner, _: [inner], range(40), [])
BODY = {"name": "SN 2026abc", "type": "SIDEREAL", "ra": 10.5, "dec": -20.25}


def test_it_reads_and_stores_without_a_request():
    serializer = TargetSerializer(
        data={**BODY, "aliases": [{"name": "other"}], "target_lists": [{"name": "mine"}]}
    )
    assert serializer.is_valid(), serializer.errors
    target = serializer.save()
    assert target.names == ["SN 2026abc", "other"]
    assert target.targetlist_set.get().name == "mine"
    shown = serializer.data
    assert (shown["name"], shown["target_lists"], shown["groups"]) == ("SN 2026abc", [], [])


def test_lists_and_groups_are_shown_to_those_who_know_them(people, group):
    target = SiderealTargetFactory(permissions="OPEN")
    grant_access(group, target)
    request = APIRequestFactory().get("/")
    for user, names in ((people["member"], [group.name]), (people["stranger"], []), (AnonymousUser(), [])):
        request.user = user
        shown = TargetSerializer(target, context={"request": request}).data
        assert [entry["name"] for entry in shown["groups"]] == names


def test_it_is_a_field_of_other_serializers(django_assert_num_queries):
    class Candidate(serializers.Serializer):
        target = TargetSerializer()
        others = TargetSerializer(many=True)

    target = TargetNameFactory(name="alias").target
    others = SiderealTargetFactory.create_batch(5)
    with django_assert_num_queries(2):
        shown = Candidate({"target": target, "others": others}).data
    assert shown["target"]["aliases"][0]["name"] == "alias"
    assert [entry["id"] for entry in shown["others"]] == [other.pk for other in others]


def test_a_subclass_may_add_a_field():
    class WithNote(TargetSerializer):
        note = serializers.CharField(write_only=True)
        constellation = serializers.CharField(read_only=True)

        class Meta(TargetSerializer.Meta):
            fields = [*TargetSerializer.Meta.fields, "note", "constellation"]

    serializer = WithNote(data={**BODY, "note": "new"})
    assert serializer.is_valid(), serializer.errors
    assert serializer.validated_data["note"] == "new"
    assert not WithNote(data=BODY).is_valid()
    target = SiderealTargetFactory(ra=83.8, dec=-5.4)
    shown = WithNote(target).data
    assert shown["constellation"] == "Orion"
    assert "note" not in shown


def test_several_are_read_with_many():
    serializer = TargetSerializer(data=[BODY, {**BODY, "name": "two", "dec": 91}], many=True)
    assert not serializer.is_valid()
    assert list(serializer.errors[1]) == ["dec"]


def test_the_creator_holds_all_permissions(people):
    request = APIRequestFactory().post("/")
    request.user = people["stranger"]
    serializer = TargetSerializer(data=BODY, context={"request": request})
    assert serializer.is_valid(), serializer.errors
    target = serializer.save()
    assert all(
        holds_grant(people["stranger"], f"{verb}_target", target) for verb in ("view", "change", "delete")
    )


def test_a_target_of_a_known_type_without_its_elements_can_still_be_changed(clients, people):
    comet = Target.objects.create(name="2026 A1", type="NON_SIDEREAL", permissions="OPEN")
    grant_access(people["owner"], comet)
    url = f"/api/targets/{comet.pk}/"
    assert clients["owner"].patch(url, {"shared_by": "a peer"}).status_code == 200
    assert clients["owner"].patch(url, {"scheme": "MPC_COMET"}).status_code == 400


@pytest.mark.parametrize(
    ("value", "is_fine"),
    [
        (1, True),
        ("1.5", True),
        (10**400, False),
        ("nan", False),
        (True, False),
        ("1e999", False),
        (None, False),
        ([], False),
    ],
)
def test_floats_are_finite(value, is_fine):
    try:
        FiniteFloatField().run_validation(value)
    except ValidationError:
        assert not is_fine
    else:
        assert is_fine


@pytest.mark.parametrize("value", ["a\0", {"a": ["\ud800"]}, {"\0": 1}, 2**63, float("inf"), DEEP])
def test_json_is_what_every_database_keeps(value):
    with pytest.raises(ValidationError):
        PlainJSONField().run_validation(value)
    assert PlainJSONField().run_validation({"é": [1, 2.5, None, True, "é"]})


def test_times_are_utc():
    field = UtcDateTimeField()
    assert (
        field.to_representation(field.run_validation("2026-08-14T04:00:00+02:00")) == "2026-08-14T02:00:00Z"
    )
    assert field.to_representation(field.run_validation("2026-08-14T04:00:00")) == "2026-08-14T04:00:00Z"
    for wrong in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "soon", 5):
        with pytest.raises(ValidationError):
            field.run_validation(wrong)


def test_a_key_field_knows_what_the_person_sees(people):
    class Note(serializers.Serializer):
        target = TargetFilteredPrimaryKeyRelatedField(queryset=Target.objects.all())

    hidden = SiderealTargetFactory(permissions="PRIVATE")
    request = APIRequestFactory().get("/")
    request.user = people["stranger"]
    assert Note(data={"target": hidden.pk}).is_valid()
    for key in (hidden.pk, True, 1.5, "9" * 40, "x", None):
        assert not Note(data={"target": key}, context={"request": request}).is_valid(), key
