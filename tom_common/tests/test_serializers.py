import pytest
from django.contrib.auth.models import Group

from tom_common.serializers import GroupSerializer

pytestmark = pytest.mark.django_db


def test_group_is_shown_by_id_and_name():
    group = Group.objects.create(name="Supernovae")
    assert GroupSerializer(group).data == {"id": group.pk, "name": "Supernovae"}


@pytest.mark.parametrize("data", [{}, {"id": 3}, {"name": "Supernovae"}, {"id": 3, "name": "Supernovae"}])
def test_group_may_be_named_by_either(data):
    """The name of an existing group is no error: the serializer names groups, it does not make them."""
    Group.objects.create(name="Supernovae")
    serializer = GroupSerializer(data=data)
    assert serializer.is_valid(), serializer.errors
    assert serializer.validated_data == data


@pytest.mark.parametrize("data", [{"id": "x"}, {"name": "x" * 151}, {"name": ["a"]}])
def test_nonsense_is_refused(data):
    assert not GroupSerializer(data=data).is_valid()
