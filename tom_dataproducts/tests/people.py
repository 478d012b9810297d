"""Who may see what in tests of permissions; the people themselves are a fixture of ``conftest.py``."""

from tom_common.grants import grant_access
from tom_targets.tests.factories import SiderealTargetFactory

ADMITTED = {
    "OPEN": {"anonymous", "stranger", "member", "owner", "staff"},
    "PUBLIC": {"stranger", "member", "owner", "staff"},
    "PRIVATE": {"member", "owner", "staff"},
}


def as_user(client, user):
    if user is None:
        client.logout()
    else:
        client.force_login(user)
    return client


def shared_target(people, permissions):
    users, group = people
    target = SiderealTargetFactory(permissions=permissions)
    grant_access(group, target, ["view_target"])
    grant_access(users["owner"], target)
    return target
