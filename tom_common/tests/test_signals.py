"""Every user has a profile and a token, however the row came to be."""

import io

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.serializers import serialize
from guardian.utils import get_anonymous_user
from rest_framework.authtoken.models import Token

from tom_common.models import Profile
from tom_common.people import profile_of
from tom_common.tests.people_testing import make_user

pytestmark = pytest.mark.django_db


def test_new_user_has_profile_and_token():
    user = make_user("vera")
    assert Profile.objects.filter(user=user).count() == 1
    assert Token.objects.filter(user=user).count() == 1


def test_later_save_keeps_profile_and_token():
    user = make_user("vera")
    key = user.auth_token.key
    Profile.objects.filter(user=user).update(affiliation="Carnegie")
    user.first_name = "Vera"
    user.save()
    assert Profile.objects.get(user=user).affiliation == "Carnegie"
    assert Token.objects.get(user=user).key == key


def test_later_save_brings_back_a_missing_profile_but_no_token():
    user = make_user("vera")
    Profile.objects.all().delete()
    Token.objects.all().delete()
    User.objects.get(pk=user.pk).save()
    assert Profile.objects.filter(user=user).exists()
    assert not Token.objects.filter(user=user).exists()


def test_anonymous_account_of_guardian_gets_neither():
    anonymous = get_anonymous_user()
    anonymous.save()
    assert not Profile.objects.filter(user=anonymous).exists()
    assert not Token.objects.filter(user=anonymous).exists()


def test_dump_with_users_can_be_loaded(tmp_path):
    user = make_user("vera")
    Profile.objects.filter(user=user).update(affiliation="Carnegie")
    rows = [user, Profile.objects.get(user=user), Token.objects.get(user=user)]
    dump = tmp_path / "dump.json"
    dump.write_text(serialize("json", rows))
    user.delete()
    call_command("loaddata", str(dump), stdout=io.StringIO())
    assert User.objects.get(username="vera").profile.affiliation == "Carnegie"


def test_user_from_a_bulk_insert_gets_a_profile_when_it_is_asked_for():
    User.objects.bulk_create([User(username="bulk")])
    assert profile_of(User.objects.get(username="bulk")).time_zone == "UTC"


def test_setting_a_password_is_noted_and_other_saves_are_not():
    user = make_user("vera")
    first = Profile.objects.get(user=user).password_changed_at
    assert first is not None
    user.first_name = "Vera"
    user.save()
    assert Profile.objects.get(user=user).password_changed_at == first
    user.set_password("another 9 long one")
    user.save()
    assert Profile.objects.get(user=user).password_changed_at > first
