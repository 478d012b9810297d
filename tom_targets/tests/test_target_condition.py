"""Rows of a target are seen by those who see it, whether its level is joined or looked up by its key."""

import pytest
from django.contrib.auth.models import AnonymousUser, Group, User

from tom_common.grants import grant_access
from tom_targets.models import TargetName
from tom_targets.permissions import target_condition
from tom_targets.tests.factories import SiderealTargetFactory, TargetNameFactory

pytestmark = pytest.mark.django_db
SEEN = {
    "anonymous": {"OPEN"},
    "stranger": {"OPEN", "PUBLIC"},
    "inactive": {"OPEN"},
    "owner": {"OPEN", "PUBLIC", "PRIVATE"},
    "member": {"OPEN", "PUBLIC", "PRIVATE"},
    "superuser": {"OPEN", "PUBLIC", "PRIVATE"},
}


@pytest.mark.parametrize("part", SEEN)
def test_either_way_shows_the_same(part):
    people = {name: User.objects.create_user(name) for name in ("owner", "member", "stranger")}
    people |= {"anonymous": AnonymousUser(), "superuser": User.objects.create_superuser("superuser")}
    people["inactive"] = User.objects.create_user("inactive", is_active=False)
    team = Group.objects.create(name="team")
    people["member"].groups.add(team)
    for level in SEEN["owner"]:
        target = SiderealTargetFactory(permissions=level)
        TargetNameFactory(target=target, name=level)
        grant_access(people["owner"], target, ["view_target"])
        grant_access(team, target, ["view_target"])
    found = []
    for joined in (True, False):
        condition = target_condition(people[part], "view_target", prefix="target__", joined=joined)
        rows = TargetName.objects.all() if condition is None else TargetName.objects.filter(condition)
        found.append(sorted(rows.values_list("name", flat=True)))
        if condition is not None:
            assert ("INNER JOIN" in str(rows.query)) == joined
    assert found == [sorted(SEEN[part])] * 2
