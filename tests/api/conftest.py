"""A cast of users, and a client for each, for the tests of the REST API."""

import pytest
from django.contrib.auth.models import Group, User
from django.core.cache import cache
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from tom_common.grants import grant_access
from tom_targets.models import Target
from tom_targets.tests.factories import SiderealTargetFactory

LEVELS = ("OPEN", "PUBLIC", "PRIVATE")


@pytest.fixture(autouse=True)
def forgotten_counts():
    """Forget what other tests counted: on a slow machine a count is kept for a minute."""
    cache.clear()


def client_of(user):
    """Give a client that sends the user's token, or none for None."""
    client = APIClient()
    if user is not None:
        token, _ = Token.objects.get_or_create(user=user)
        client.credentials(HTTP_AUTHORIZATION=f"Token {token.key}")
    return client


@pytest.fixture
def group(db):
    return Group.objects.create(name="supernovae")


@pytest.fixture
def people(db, group):
    """Give users by part: anonymous (None), stranger, member (of the group), owner, staff, superuser."""
    found = {name: User.objects.create_user(name) for name in ("stranger", "member", "owner")}
    found["staff"] = User.objects.create_user("staff", is_staff=True)
    found["superuser"] = User.objects.create_superuser("superuser")
    found["member"].groups.add(group)
    return {"anonymous": None, **found}


@pytest.fixture
def clients(people):
    """Give a client for each of the people."""
    return {name: client_of(user) for name, user in people.items()}


@pytest.fixture
def targets(people, group):
    """Give a target of each level; the owner may do all with it, the group may see it."""
    made = {}
    for level in LEVELS:
        made[level] = SiderealTargetFactory(name=f"target {level}", permissions=level)
        grant_access(people["owner"], made[level])
        grant_access(group, made[level], ["view_target"])
    assert Target.objects.count() == len(LEVELS)
    return made
