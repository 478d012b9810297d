"""The forms that plugins subclass, as plugins subclass them."""

import pytest
from django import forms
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.template import Context, Template

from tom_common.forms import CustomUserCreationForm, GroupForm, ProfileModelForm, UserProfileInlineFormSet
from tom_common.models import Profile
from tom_common.tests.people_testing import PASSWORD, make_user

pytestmark = pytest.mark.django_db

DATA = {
    "username": "vera",
    "first_name": "Vera",
    "last_name": "Rubin",
    "email": "vera@example.org",
    "password1": PASSWORD,
    "password2": PASSWORD,
    "profile-TOTAL_FORMS": "1",
    "profile-INITIAL_FORMS": "0",
    "profile-0-affiliation": "Carnegie",
}


class RegistrationForm(CustomUserCreationForm):
    """As tom-registration's open flow."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields.pop("groups")


class RequestForm(CustomUserCreationForm):
    """As tom-registration's approval flow when an account is asked for: the account is made inactive."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields.pop("groups")

    def save(self, commit=True):
        user = super(forms.ModelForm, self).save(commit=False)
        user.set_password(self.cleaned_data["password1"])
        user.is_active = False
        if commit:
            with transaction.atomic():
                user.save()
                self.user_profile_formset.instance = user
                self.user_profile_formset.save()
                self.save_m2m()
        return user


class ApproveForm(CustomUserCreationForm):
    """As tom-registration's approval flow when staff approves: no passwords on the form."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields.pop("password1")
        self.fields.pop("password2")

    def save(self, commit=True):
        with transaction.atomic():
            user = super(forms.ModelForm, self).save(commit=commit)
            user.is_active = True
            if commit:
                user.save()
                self.user_profile_formset.save()
        return user


def test_fields_are_those_of_the_contract():
    form = CustomUserCreationForm()
    assert CustomUserCreationForm.Meta.fields == ("username", "first_name", "last_name", "email", "groups")
    assert form.fields["email"].required and not form.fields["groups"].required
    assert isinstance(form.fields["groups"].widget, forms.CheckboxSelectMultiple)
    assert form.user_profile_formset.prefix == "profile"
    assert {"affiliation", "phone_number"} <= set(form.user_profile_formset.forms[0].fields)
    assert ProfileModelForm.Meta.fields == ("affiliation", "phone_number")
    assert UserProfileInlineFormSet.max_num == 1


@pytest.mark.parametrize("form_class", [CustomUserCreationForm, RegistrationForm])
def test_posted_data_make_an_account_with_one_profile(form_class):
    form = form_class(DATA)
    assert form.is_valid(), form.errors
    assert form.has_changed()
    user = form.save()
    assert user.check_password(PASSWORD)
    assert Profile.objects.get(user=user).affiliation == "Carnegie"


def test_groups_are_saved():
    group = Group.objects.create(name="Supernovae")
    form = CustomUserCreationForm(DATA | {"groups": [group.pk]})
    assert form.is_valid()
    assert group in form.save().groups.all()


def test_subclass_that_saves_by_itself_makes_one_profile():
    form = RequestForm(DATA)
    assert form.is_valid(), form.errors
    user = form.save()
    assert not user.is_active
    assert Profile.objects.get(user=user).affiliation == "Carnegie"


@pytest.mark.parametrize("initial_forms", ["0", "1"])
def test_subclass_without_passwords_edits_an_existing_account(initial_forms):
    user = make_user("vera", is_active=False)
    data = {key: value for key, value in DATA.items() if not key.startswith("password")}
    data["profile-INITIAL_FORMS"] = initial_forms
    if initial_forms == "1":
        data |= {"profile-0-id": str(user.profile.pk), "profile-0-user": str(user.pk)}
    form = ApproveForm(data, instance=user)
    assert form.is_valid(), (form.errors, form.user_profile_formset.errors)
    form.save()
    user = User.objects.get(pk=user.pk)
    assert user.is_active and user.first_name == "Vera"
    assert user.check_password(PASSWORD)
    assert Profile.objects.get(user=user).affiliation == "Carnegie"


def test_wrong_profile_makes_the_form_wrong():
    form = CustomUserCreationForm(DATA | {"profile-0-affiliation": "x" * 101})
    assert not form.is_valid()
    assert form.user_profile_formset.errors[0]["affiliation"]


def test_account_without_a_profile_in_the_data_is_made_too():
    data = {key: value for key, value in DATA.items() if not key.startswith("profile")}
    form = CustomUserCreationForm(data)
    assert form.is_valid()
    assert Profile.objects.get(user=form.save()).affiliation is None


def test_nothing_is_saved_if_the_profile_fails(monkeypatch):
    form = CustomUserCreationForm(DATA)
    assert form.is_valid()

    def fail(*args, **kwargs):
        raise RuntimeError("no disk")

    monkeypatch.setattr(form.user_profile_formset, "save", fail)
    with pytest.raises(RuntimeError, match="no disk"):
        form.save()
    assert not User.objects.filter(username="vera").exists()


def test_change_of_the_profile_alone_is_a_change():
    user = make_user("vera")
    data = {"profile-TOTAL_FORMS": "1", "profile-INITIAL_FORMS": "0", "profile-0-affiliation": "Carnegie"}
    form = CustomUserCreationForm(data | {"username": "vera", "email": user.email}, instance=user)
    assert form.has_changed()


def test_both_bootstrap_libraries_can_draw_the_formset():
    for library in ("django_bootstrap5", "bootstrap4"):
        formset = f"{{% load {library} %}}{{% bootstrap_formset form.user_profile_formset %}}"
        html = Template(formset).render(Context({"form": CustomUserCreationForm()}))
        assert 'name="profile-0-affiliation"' in html


def test_group_form_works_without_a_manager_as_elsewhere():
    user = make_user("vera")
    form = GroupForm({"name": "Supernovae", "users": [user.pk]})
    assert form.is_valid(), form.errors
    assert list(form.save().user_set.all()) == [user]
