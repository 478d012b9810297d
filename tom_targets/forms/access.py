"""Forms that say who may see and edit one target, or many at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group

from tom_targets.models import BaseTarget, Target
from tom_targets.selectors import Holder, groups_to_share_with, holders_of

LEVELS = {
    "none": (),
    "view": ("view",),
    "change": ("view", "change"),
    "delete": ("view", "change", "delete"),
}
_LEVEL_CHOICES = [
    ("none", "nothing"),
    ("view", "see"),
    ("change", "see and edit"),
    ("delete", "see, edit and delete"),
]
_GIVEN_CHOICES = _LEVEL_CHOICES[1:]


def level_of(actions: set[str]) -> str:
    """Return the level to which some actions amount."""
    return next((level for level in ("delete", "change", "view") if level in actions), "none")


class UserNamesField(forms.CharField):
    """Reads usernames, separated by commas or blanks, as users."""

    def clean(self, value: Any) -> Any:
        """Return the users; an unknown or closed account is an error that names it."""
        names = (super().clean(value) or "").replace(",", " ").split()
        User = get_user_model()
        users = User._default_manager.filter(**{f"{User.USERNAME_FIELD}__in": names}, is_active=True)
        found = {user.get_username(): user for user in users}
        unknown = [name for name in names if name not in found]
        if unknown:
            raise forms.ValidationError(f"There is no user called {', '.join(unknown[:5])}.")
        return list(found.values())


class TargetAccessForm(forms.Form):
    """Visibility of a target, what each user and group with access may do, and more of them."""

    permissions = forms.ChoiceField(
        choices=Target.Permissions.choices, widget=forms.RadioSelect, label="Who may see it"
    )
    add_groups = forms.ModelMultipleChoiceField(
        queryset=Group.objects.none(), required=False, widget=forms.CheckboxSelectMultiple, label="Groups"
    )
    add_users = UserNamesField(
        required=False, label="Users", help_text="Usernames, separated by commas.", max_length=1000
    )
    add_level = forms.ChoiceField(choices=_GIVEN_CHOICES, initial="change", label="They may")

    def __init__(self, *args: Any, target: BaseTarget, user: Any, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"permissions": target.permissions})
        super().__init__(*args, **kwargs)
        self.target, self.user = target, user
        self.holders: dict[str, Holder] = {}
        for holder in holders_of(target):
            name = f"{'group' if holder.is_group else 'user'}-{holder.holder.pk}"
            self.holders[name] = holder
            kind = "Group" if holder.is_group else "User"
            self.fields[name] = forms.ChoiceField(
                choices=_LEVEL_CHOICES,
                initial=level_of(holder.actions),
                label=f"{kind} {holder.holder} may",
            )
        held = [holder.holder.pk for holder in self.holders.values() if holder.is_group]
        self.fields["add_groups"].queryset = groups_to_share_with(user).exclude(pk__in=held)
        self.fieldsets = (
            ("Everybody", ("permissions",), "Nobody may edit a target just because they see it."),
            ("Those with access now", tuple(self.holders)),
            ("Give access to more", ("add_groups", "add_users", "add_level")),
        )

    def changes(self) -> Iterator[tuple[Any, tuple[str, ...], tuple[str, ...]]]:
        """Yield users and groups with the actions that they gain and those that they lose."""
        for name, holder in self.holders.items():
            if self.cleaned_data[name] != level_of(holder.actions):
                wanted = set(LEVELS[self.cleaned_data[name]])
                yield holder.holder, tuple(wanted - holder.actions), tuple(holder.actions - wanted)
        for new in (*self.cleaned_data["add_groups"], *self.cleaned_data["add_users"]):
            yield new, LEVELS[self.cleaned_data["add_level"]], ()

    def clean(self) -> dict[str, Any]:
        """Refuse a change by which the person who makes it could not edit the target any more."""
        cleaned = super().clean() or self.cleaned_data
        if not self.errors and not self._still_edits():
            raise forms.ValidationError(
                "You could not edit this target any more."
                " Leave yourself, or a group of yours, the right to edit it."
            )
        return cleaned

    def _still_edits(self) -> bool:
        user = self.user
        if user.is_superuser or user.has_perm(f"{Target._meta.app_label}.change_target"):
            return True
        own_groups = set(user.groups.values_list("pk", flat=True))

        def is_me(holder: Any) -> bool:
            if isinstance(holder, Group):
                return holder.pk in own_groups
            return holder.pk == user.pk

        kept = [
            self.cleaned_data[name] in ("change", "delete")
            for name, holder in self.holders.items()
            if is_me(holder.holder)
        ]
        added = self.cleaned_data["add_level"] in ("change", "delete") and any(
            is_me(holder) for holder in (*self.cleaned_data["add_groups"], *self.cleaned_data["add_users"])
        )
        return any(kept) or added


class BulkAccessForm(forms.Form):
    """Visibility of many targets, and what users and groups gain or lose on them."""

    permissions = forms.ChoiceField(
        choices=[("", "Leave as it is"), *Target.Permissions.choices],
        widget=forms.RadioSelect,
        required=False,
        label="Who may see them",
    )
    direction = forms.ChoiceField(
        choices=[("give", "Give access"), ("take", "Take all access away")],
        initial="give",
        label="Users and groups below",
    )
    groups = forms.ModelMultipleChoiceField(
        queryset=Group.objects.none(), required=False, widget=forms.CheckboxSelectMultiple, label="Groups"
    )
    users = UserNamesField(
        required=False, label="Users", help_text="Usernames, separated by commas.", max_length=1000
    )
    level = forms.ChoiceField(choices=_GIVEN_CHOICES, initial="view", label="Given access, they may")

    fieldsets = (
        ("Everybody", ("permissions",)),
        ("Chosen users and groups", ("direction", "groups", "users", "level")),
    )

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.fields["groups"].queryset = groups_to_share_with(user)
        self.initial.setdefault("permissions", "")

    def clean(self) -> dict[str, Any]:
        """Ask for something to do, and refuse to take the own access away from many targets at once."""
        cleaned = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        holders = [*cleaned["groups"], *cleaned["users"]]
        if not cleaned["permissions"] and not holders:
            raise forms.ValidationError("Choose who may see the targets, or users or groups.")
        if cleaned["direction"] == "take" and self.user in cleaned["users"]:
            self.add_error("users", "You cannot take your own access away; somebody else has to.")
        return cleaned
