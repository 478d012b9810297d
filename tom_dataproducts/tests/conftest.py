"""Fixtures of the tests of tom_dataproducts."""

import pytest
from django.contrib.auth.models import Group, User
from django.core.cache import cache

from tom_dataproducts.tests.people import as_user, shared_target


@pytest.fixture
def people():
    """Give users by name (None is the anonymous visitor), and the group of the member."""
    users = {name: User.objects.create_user(name) for name in ("stranger", "member", "owner")}
    users["staff"] = User.objects.create_superuser("staff")
    users["anonymous"] = None
    group = Group.objects.create(name="group")
    group.user_set.add(users["member"])
    return users, group


@pytest.fixture
def owner(client, people):
    """Give the client of the owner of a private target, and the target."""
    users, _ = people
    target = shared_target(people, "PRIVATE")
    return as_user(client, users["owner"]), target


@pytest.fixture
def own_storage(settings, tmp_path):
    """Keep the files of a test apart, and nothing in the cache."""
    settings.MEDIA_ROOT = tmp_path / "media"
    cache.clear()


@pytest.fixture
def now(django_capture_on_commit_callbacks):
    """Give a block after which what waits for the commit is done."""
    return lambda: django_capture_on_commit_callbacks(execute=True)
