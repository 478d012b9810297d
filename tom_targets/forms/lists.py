"""Form of a target list."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.models import Group

from tom_targets.models import TargetList
from tom_targets.selectors import groups_to_share_with


class TargetListForm(forms.ModelForm):
    """A new target list and the groups that share it."""

    groups = forms.ModelMultipleChoiceField(
        queryset=Group.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label="Groups that share it",
        help_text="Their members may see the list and put targets on it.",
    )

    class Meta:
        model = TargetList
        fields = ("name",)
        help_texts = {"name": "For example: follow up tonight."}

    def __init__(self, *args: Any, user: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if user is None:
            del self.fields["groups"]
        else:
            self.fields["groups"].queryset = groups_to_share_with(user)
