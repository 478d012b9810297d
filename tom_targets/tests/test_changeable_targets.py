"""The short question which targets a user may change has the answer of ``targets_for_user``."""

import pytest
from django.contrib.auth.models import AnonymousUser, Group, Permission, User

from tom_common.grants import grant_access
from tom_targets.models import Target
from tom_targets.permissions import changeable_targets, targets_for_user
from tom_targets.tests.factories import SiderealTargetFactory

pytestmark = pytest.mark.django_db

HOLDERS = (
    "nobody",
    "owner",
    "member",
    "viewer",
    "all",
    "all by a group",
    "superuser",
    "inactive",
    "anonymous",
)


def somebody(holder, target):
    if holder == "anonymous":
        return AnonymousUser()
    user = User.objects.create_user("somebody", is_superuser=holder == "superuser")
    group = Group.objects.create(name="team")
    right = Permission.objects.get(content_type__app_label="tom_targets", codename="change_target")
    if holder in ("owner", "inactive"):
        grant_access(user, target, ["change_target"])
    elif holder == "viewer":
        grant_access(user, target, ["view_target"])
    elif holder == "member":
        user.groups.add(group)
        grant_access(group, target, ["change_target"])
    elif holder == "all":
        user.user_permissions.add(right)
    elif holder == "all by a group":
        user.groups.add(group)
        group.permissions.add(right)
    if holder == "inactive":
        User.objects.filter(pk=user.pk).update(is_active=False)
    return User.objects.get(pk=user.pk)


@pytest.mark.parametrize("holder", HOLDERS)
@pytest.mark.parametrize("level", ["PRIVATE", "OPEN"])
def test_short_answer_is_the_long_one(holder, level, django_assert_num_queries):
    target, other = SiderealTargetFactory(permissions=level), SiderealTargetFactory(permissions=level)
    user = somebody(holder, target)
    pks = [target.pk, other.pk, 10**9]
    long = set(targets_for_user(user, Target.objects.all(), "change_target").values_list("pk", flat=True))
    changeable_targets(user, pks)  # the content type is remembered from now on
    statements = {"inactive": 0, "anonymous": 0, "superuser": 1}.get(holder, 2)
    with django_assert_num_queries(statements):
        assert changeable_targets(user, pks) == long
    assert bool(long) == (holder not in ("nobody", "viewer", "inactive", "anonymous"))


def test_owner_costs_one_short_statement(django_assert_num_queries):
    target = SiderealTargetFactory(permissions="PRIVATE")
    owner = somebody("owner", target)
    changeable_targets(owner, [target.pk])  # the content type is remembered from now on
    with django_assert_num_queries(1) as asked:
        assert changeable_targets(owner, [target.pk]) == {target.pk}
    assert "auth_group" not in asked.captured_queries[0]["sql"]


def test_grant_left_behind_by_a_deleted_target_gives_nothing():
    target = SiderealTargetFactory(permissions="PRIVATE")
    owner, member = somebody("owner", target), User.objects.create_user("member")
    team = Group.objects.get(name="team")
    member.groups.add(team)
    grant_access(team, target, ["change_target"])
    Target.objects.filter(pk=target.pk)._raw_delete("default")
    assert [changeable_targets(user, [target.pk]) for user in (owner, member)] == [set(), set()]


class OpenHandedBackend:
    """Lets everybody change every target."""

    def authenticate(self, request, **credentials):
        return None

    def has_perm(self, user, perm, obj=None):
        return True


def test_backend_of_the_project_is_asked(settings):
    settings.AUTHENTICATION_BACKENDS = [*settings.AUTHENTICATION_BACKENDS, f"{__name__}.OpenHandedBackend"]
    target = SiderealTargetFactory(permissions="PRIVATE")
    user = User.objects.create_user("somebody")
    assert changeable_targets(user, [target.pk]) == {target.pk}
