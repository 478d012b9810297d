"""Every new user is in the group Public, which starts with the right to create targets."""

import pytest
from django.contrib.auth.models import Group, Permission, User

from tom_targets.permissions import may_create_targets
from tom_targets.public_group import public_group

pytestmark = pytest.mark.django_db


def test_a_new_user_may_create_targets():
    user = User.objects.create_user("new")
    assert user.groups.get().name == "Public"
    assert may_create_targets(User.objects.get(pk=user.pk))


def test_the_setting_leaves_the_right_out(settings):
    settings.TOM_PUBLIC_MAY_ADD_TARGETS = False
    user = User.objects.create_user("new")
    assert user.groups.get().name == "Public"
    assert not may_create_targets(User.objects.get(pk=user.pk))


def test_a_right_that_was_taken_away_does_not_come_back():
    public_group().permissions.clear()
    user = User.objects.create_user("new")
    assert not may_create_targets(User.objects.get(pk=user.pk))


def test_a_user_who_left_the_group_stays_out():
    user = User.objects.create_user("new")
    user.groups.clear()
    user.first_name = "N."
    user.save()
    assert not user.groups.exists()


def test_the_account_of_anonymous_visitors_stays_out():
    User.objects.filter(username="AnonymousUser").delete()
    user = User.objects.create(username="AnonymousUser")
    assert not user.groups.exists()


def test_a_group_of_that_name_is_taken_as_it_is():
    Group.objects.filter(name="Public").delete()
    Group.objects.create(name="Public")
    assert not may_create_targets(User.objects.create_user("new"))


@pytest.mark.parametrize("holder", ["nobody", "user", "group"])
def test_the_short_question_has_the_answer_of_the_long_one(holder, settings):
    settings.TOM_PUBLIC_MAY_ADD_TARGETS = False
    Group.objects.filter(name="Public").delete()
    user = User.objects.create_user("new")
    user.groups.clear()
    right = Permission.objects.get(content_type__app_label="tom_targets", codename="add_target")
    if holder == "user":
        user.user_permissions.add(right)
    elif holder == "group":
        group = Group.objects.create(name="observers")
        group.permissions.add(right)
        user.groups.add(group)
    user = User.objects.get(pk=user.pk)
    assert may_create_targets(user, asked_alone=True) is (holder != "nobody")
    assert may_create_targets(user) is (holder != "nobody")
    user.is_active = False
    assert not may_create_targets(user, asked_alone=True)
