"""Forms that make and edit accounts."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.contrib.auth.forms import UserCreationForm
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import transaction

from tom_common import people
from tom_common.forms.profile import ProfileFormSetMixin, ProfileSettingsInlineFormSet

User = get_user_model()


class OneNameMixin:
    """Refuses a username that somebody else has, in whatever case."""

    def clean_username(self: Any) -> str:
        """Accept the account's own name, though an older account may differ from it in case only."""
        username: str = self.cleaned_data["username"]
        if self.instance.pk is not None and username == self.initial.get("username"):
            return username
        others = User._default_manager.exclude(pk=self.instance.pk)
        if others.filter(username__iexact=username).exists():
            raise ValidationError("A user with that username already exists.", code="unique")
        return username


class CustomUserCreationForm(OneNameMixin, ProfileFormSetMixin, UserCreationForm):
    """A new account with its profile. Projects and plugins subclass it; see the plugin contract."""

    email = forms.EmailField(required=True)
    groups = forms.ModelMultipleChoiceField(
        Group.objects.order_by("name"), required=False, label="Member of", widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = User
        fields = ("username", "first_name", "last_name", "email", "groups")

    def save(self, commit: bool = True) -> Any:
        """Save account, profile and groups, all or nothing; an empty password leaves the old one."""
        # Not UserCreationForm.save(): it sets a password in any case.
        user = super(forms.ModelForm, self).save(commit=False)
        if self.cleaned_data.get("password1"):
            user.set_password(self.cleaned_data["password1"])
        if commit:
            with transaction.atomic():
                user.save()
                self.save_profile(user)
                self._save_m2m()
        return user


class UserCreateForm(CustomUserCreationForm):
    """The form of the page that creates accounts: offers only the groups that its user may assign."""

    fieldsets = (
        ("Account", ["username", "first_name", "last_name", "email"]),
        ("Password", ["password1", "password2"]),
        ("Groups", ["groups"], "A member sees and may do what the group may."),
    )

    def __init__(self, *args: Any, manager: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["groups"].queryset = people.assignable_groups(manager)


class SignUpForm(CustomUserCreationForm):
    """A visitor's own account."""

    fieldsets = UserCreateForm.fieldsets[:2]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["groups"]


class OwnAccountForm(ProfileFormSetMixin, forms.ModelForm):
    """What users may change about themselves."""

    profile_formset_class = ProfileSettingsInlineFormSet
    fieldsets = (("Account", ["username", "first_name", "last_name", "email"]),)
    email = forms.EmailField(required=True)

    class Meta:
        model = User
        fields = ("first_name", "last_name", "email")

    def save(self, commit: bool = True) -> Any:
        """Save account and profile, all or nothing."""
        with transaction.atomic():
            user = super().save(commit=commit)
            if commit:
                self.save_profile(user)
        return user


class UserUpdateForm(OneNameMixin, OwnAccountForm):
    """What a manager may change about somebody's account (or about their own)."""

    fieldsets = (
        *OwnAccountForm.fieldsets,
        ("Groups", ["groups"], "A member sees and may do what the group may."),
        ("Rights", ["is_active", "is_staff", "is_superuser"]),
    )
    groups = forms.ModelMultipleChoiceField(
        Group.objects.none(), required=False, label="Member of", widget=forms.CheckboxSelectMultiple
    )

    class Meta(OwnAccountForm.Meta):
        fields = (
            "username",
            "first_name",
            "last_name",
            "email",
            "groups",
            "is_active",
            "is_staff",
            "is_superuser",
        )
        labels = {"is_active": "May log in", "is_staff": "Staff", "is_superuser": "Superuser"}
        help_texts = {
            "is_active": "Clear it to lock the account instead of deleting it.",
            "is_staff": "Sees the list of users and the admin site, and may delete comments.",
            "is_superuser": "May do everything, see every target and manage every account.",
        }

    def __init__(self, *args: Any, manager: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.manager = manager
        self.fields["groups"].queryset = people.assignable_groups(manager)
        if not manager.is_superuser:
            del self.fields["is_staff"], self.fields["is_superuser"]
        if manager == self.instance:
            del self.fields["is_active"]
        # Groups that the manager may not assign are not on the page; they must not be lost by saving it.
        self._kept_groups = list(self.instance.groups.exclude(pk__in=self.fields["groups"].queryset))

    def clean_is_superuser(self) -> bool:
        """Keep one superuser."""
        wanted = self.cleaned_data["is_superuser"]
        if not wanted and self.initial.get("is_superuser") and people.is_last_superuser(self._stored()):
            raise ValidationError("This is the last superuser; make another one first.")
        return wanted

    def clean_is_active(self) -> bool:
        """Keep one superuser who can log in."""
        wanted = self.cleaned_data["is_active"]
        if not wanted and people.is_last_superuser(self._stored()):
            raise ValidationError("This is the last superuser; make another one first.")
        return wanted

    def _stored(self) -> Any:
        return User._default_manager.get(pk=self.instance.pk)

    def _save_m2m(self) -> None:
        super()._save_m2m()
        self.instance.groups.add(*self._kept_groups)
