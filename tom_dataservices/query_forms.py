"""Forms around a query: how it is kept, and what becomes of its results."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.models import Group

from tom_dataservices import conf, duplicates
from tom_targets import conf as targets_conf
from tom_targets.models import Target
from tom_targets.selectors import groups_to_share_with

RHYTHMS = (
    ("", "only when I run it"),
    (15, "every 15 minutes"),
    (60, "every hour"),
    (360, "every 6 hours"),
    (1440, "every day"),
)


class _GroupsMixin(forms.Form):
    """Takes the field of the groups away from users who have none."""

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        groups = groups_to_share_with(user)
        self.fields["groups"].queryset = groups  # type: ignore[attr-defined]
        if not groups.exists():
            del self.fields["groups"]


class KeepingForm(_GroupsMixin):
    """With whom a kept query is shared, and how often it runs by itself."""

    every_minutes = forms.TypedChoiceField(
        label="Run it", choices=RHYTHMS, coerce=int, empty_value=None, required=False
    )
    groups = forms.ModelMultipleChoiceField(
        queryset=Group.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label="Share it with",
        help_text="Members of these groups may see, run and copy the query.",
    )


class TargetsFromResultsForm(_GroupsMixin):
    """Who sees targets that are made of results, where they are put, and what becomes of known ones."""

    permissions = forms.ChoiceField(
        label="Who may see new targets",
        choices=Target.Permissions.choices,
        initial=targets_conf.default_target_permission,
        required=False,
    )
    groups = forms.ModelMultipleChoiceField(
        queryset=Group.objects.none(), required=False, widget=forms.CheckboxSelectMultiple
    )
    list_name = forms.CharField(
        label="Put on target list", max_length=200, required=False, help_text="Empty: no list."
    )
    with_data = forms.BooleanField(label="Bring light curves along", required=False, initial=True)
    on_near = forms.ChoiceField(
        label="A result near a target of another name", choices=duplicates.CHOICES, required=False
    )
    near_arcsec = forms.FloatField(
        label="Near is within (″)", min_value=0.0, max_value=duplicates.MAX_RADIUS_ARCSEC, required=False
    )

    def __init__(self, *args: Any, near_arcsec: float | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["on_near"].initial = conf.on_near_target()
        self.fields["near_arcsec"].initial = near_arcsec
