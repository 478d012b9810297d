"""What the pages of groups change."""

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.urls import reverse

from tom_common.forms import groups as group_forms
from tom_common.tests.people_testing import cast, give, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def people():
    return cast()


@pytest.fixture
def as_superuser(client, people):
    client.force_login(people["superuser"])
    return client


def _permission(codename, app_label="auth"):
    return Permission.objects.get(content_type__app_label=app_label, codename=codename)


def test_group_is_made_with_members_and_permissions(as_superuser, people):
    permission = _permission("view_user")
    data = {"name": "Supernovae", "users": [people["user"].pk], "permissions": [permission.pk]}
    assert as_superuser.post(reverse("group-create"), data)["Location"] == reverse("user-list")
    group = Group.objects.get(name="Supernovae")
    assert list(group.user_set.all()) == [people["user"]]
    assert list(group.permissions.all()) == [permission]


def test_page_explains_permissions_in_words(as_superuser):
    html = as_superuser.get(reverse("group-create")).content.decode()
    assert "See the list of users." in html
    assert "Can view user" not in html


def test_edited_group_keeps_permissions_that_the_page_does_not_show(as_superuser, people):
    group = Group.objects.create(name="Supernovae")
    group.permissions.add(_permission("add_logentry", "admin"), _permission("view_user"))
    group.user_set.add(people["user"])
    html = as_superuser.get(reverse("group-update", args=[group.pk])).content.decode()
    assert html.count("checked") == 2
    data = {"name": "SNe", "users": [people["staff"].pk]}
    as_superuser.post(reverse("group-update", args=[group.pk]), data)
    group.refresh_from_db()
    assert group.name == "SNe"
    assert list(group.user_set.all()) == [people["staff"]]
    assert list(group.permissions.all()) == [_permission("add_logentry", "admin")]


def test_manager_gives_no_permission_that_they_lack(client):
    helper = give(make_user("helper"), "auth.add_group", "auth.view_group")
    client.force_login(helper)
    html = client.get(reverse("group-create")).content.decode()
    assert "Create groups." in html and "Create accounts." not in html
    data = {"name": "Supernovae", "permissions": [_permission("add_user").pk]}
    assert client.post(reverse("group-create"), data).status_code == 200
    assert not Group.objects.filter(name="Supernovae").exists()


def test_manager_does_not_reach_a_group_with_further_rights(client, people):
    mighty = Group.objects.create(name="Mighty")
    mighty.permissions.add(_permission("add_logentry", "admin"))
    client.force_login(people["manager"])
    for name in ("group-update", "group-delete"):
        assert client.get(reverse(name, args=[mighty.pk])).status_code == 403
    assert reverse("group-update", args=[mighty.pk]) not in client.get(reverse("user-list")).content.decode()


def test_second_group_of_a_name_is_refused(as_superuser):
    Group.objects.create(name="Supernovae")
    html = as_superuser.post(reverse("group-create"), {"name": "Supernovae"}).content.decode()
    assert "already exists" in html and 'value="Supernovae"' in html


def test_deleted_group_leaves_its_members(as_superuser, people):
    group = Group.objects.create(name="Supernovae")
    group.user_set.add(people["user"])
    url = reverse("group-delete", args=[group.pk])
    assert "1 member loses" in as_superuser.get(url).content.decode()
    assert Group.objects.filter(pk=group.pk).exists()
    assert as_superuser.post(url).status_code == 302
    assert not Group.objects.filter(pk=group.pk).exists()
    assert User.objects.filter(pk=people["user"].pk).exists()


def test_very_many_users_are_offered_as_a_plain_list(as_superuser, monkeypatch):
    monkeypatch.setattr(group_forms, "_MOST_CHECK_BOXES", 2)
    html = as_superuser.get(reverse("group-create")).content.decode()
    assert '<select name="users"' in html
