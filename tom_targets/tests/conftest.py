"""People with every kind of right, and a target of each visibility, for the tests of this app."""

from dataclasses import dataclass

import pytest
from django.contrib.auth.models import AnonymousUser, Group, User

from tom_common.grants import grant_access
from tom_targets.tests.factories import SiderealTargetFactory

ROLES = ("anonymous", "stranger", "member", "viewer", "owner", "staff", "superuser")
LEVELS = ("OPEN", "PUBLIC", "PRIVATE")


@dataclass
class Cast:
    """The people of a test by role; the group of `member` may do everything, `viewer` may only view."""

    users: dict
    group: Group

    def __getattr__(self, role):
        return self.users[role]


@pytest.fixture
def cast(db):
    group = Group.objects.create(name="follow-up team")
    users = {name: User.objects.create_user(name, password="pw") for name in ROLES[1:5]}
    users["member"].groups.add(group)
    users["staff"] = User.objects.create_user("staff", password="pw", is_staff=True)
    users["superuser"] = User.objects.create_superuser("superuser", password="pw")
    users["anonymous"] = AnonymousUser()
    return Cast(users, group)


@pytest.fixture
def targets(cast):
    """Give a target of each visibility; owner and the group of `member` have all rights on it."""
    made = {}
    for level in LEVELS:
        target = SiderealTargetFactory(name=f"{level.lower()} target", permissions=level)
        grant_access(cast.owner, target)
        grant_access(cast.group, target)
        grant_access(cast.viewer, target, ["view_target"])
        made[level] = target
    return made


@pytest.fixture
def client_of(client):
    """Give a function that logs somebody into the test client."""

    def log_in(user):
        if user.is_authenticated:
            client.force_login(user)
        else:
            client.logout()
        return client

    return log_in
