"""The form of a group, with its members and what they may do."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.db import transaction

from tom_common import people

User = get_user_model()

# Above this many, check boxes would make a page of megabytes; a plain list is a tenth of it.
_MOST_CHECK_BOXES = 200


class MembersField(forms.ModelMultipleChoiceField):
    """Users by name and username."""

    def label_from_instance(self, user: Any) -> str:
        """Write the full name with the username, or the username alone."""
        name = user.get_full_name()
        return f"{name} ({user.get_username()})" if name else user.get_username()


class ExplainedPermissionsField(forms.ModelMultipleChoiceField):
    """Permissions in words."""

    notes: dict[int, str] = {}

    def label_from_instance(self, permission: Permission) -> str:
        """Write what the permission allows."""
        return self.notes.get(permission.pk, permission.name)


class GroupForm(forms.ModelForm):
    """A group: its name, its members, and what they may do."""

    fieldsets = (
        ("Group", ["name"]),
        ("Members", ["users"]),
        (
            "What members may do",
            ["permissions"],
            "It holds for all rows of this TOM; access to single targets is given on their pages.",
        ),
    )
    users = MembersField(User._default_manager.none(), required=False, label="Members")
    permissions = ExplainedPermissionsField(
        Permission.objects.none(), required=False, widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = Group
        fields = ["name"]

    def __init__(self, *args: Any, manager: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        members = people.real_users().order_by("username")
        self.fields["users"].queryset = members
        if members.count() <= _MOST_CHECK_BOXES:
            self.fields["users"].widget = forms.CheckboxSelectMultiple(choices=self.fields["users"].choices)
        else:
            self.fields["users"].widget.attrs["size"] = 15
        self._offer_permissions(manager)
        if self.instance.pk:
            self.initial["users"] = [user.pk for user in self.instance.user_set.all()]
            self.initial["permissions"] = [permission.pk for permission in self.instance.permissions.all()]

    def _offer_permissions(self, manager: Any) -> None:
        """Offer the permissions that have an explanation and that the manager holds."""
        held = manager.get_all_permissions() if manager is not None else None
        explained = [
            (permission, note)
            for permission, note in people.explained_permissions()
            if held is None or f"{permission.content_type.app_label}.{permission.codename}" in held
        ]
        field = self.fields["permissions"]
        field.notes = {permission.pk: note for permission, note in explained}
        field.queryset = Permission.objects.filter(pk__in=field.notes)
        if not explained:
            del self.fields["permissions"]

    def save(self, commit: bool = True) -> Group:
        """Save the group with its members and permissions; permissions that the page does not show stay."""
        with transaction.atomic():
            group = super().save(commit=commit)
            if commit:
                group.user_set.set(self.cleaned_data["users"])
                self._save_permissions(group)
        return group

    def _save_permissions(self, group: Group) -> None:
        if "permissions" in self.fields:
            offered = self.fields["permissions"].queryset
            kept = list(group.permissions.exclude(pk__in=offered))
            group.permissions.set([*kept, *self.cleaned_data["permissions"]])
