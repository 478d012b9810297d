"""Forms of filters and watchlists."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.models import Group
from django.db import transaction
from django.urls import reverse

from tom_alerts.filter_choices import ALERTS, SearchedSelect, chosen_source, offer
from tom_alerts.filter_models import AlertFilter, Watchlist
from tom_alerts.filter_rules import keep_state, surveys_of, why_unusable
from tom_alerts.permissions import shared_for_user
from tom_alerts.watching import region_of
from tom_common.encryption import EncryptedFormField
from tom_targets.conf import default_target_permission
from tom_targets.models import Target, TargetList
from tom_targets.permissions import may_create_targets, target_lists_for_user
from tom_targets.region_files import region_from
from tom_targets.selectors import groups_to_share_with
from tom_targets.sky_models import SkyRegion
from tom_targets.transfer.input_files import FileError

_WHILE_TYPING = {
    "hx-trigger": "keyup changed delay:600ms",
    "hx-target": "#expression-state",
    "hx-include": "closest form",
}


class SourceField(forms.ChoiceField):
    """What a filter looks at; a kept query that its owner may see is valid, shown or not."""

    owner: Any = None

    def valid_value(self, value: Any) -> bool:
        """Tell whether this may be looked at."""
        return value == ALERTS or bool(chosen_source(self.owner, str(value)))


class SharedForm(forms.ModelForm):
    """Fields of what is shared with groups."""

    groups = forms.ModelMultipleChoiceField(
        queryset=Group.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label="Shared with",
    )

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self._restrict("groups", groups_to_share_with(user))

    def _restrict(self, name: str, rows: Any) -> None:
        self.fields[name].queryset = rows  # type: ignore[attr-defined]

    def _offer(self, name: str, kind: str, rows: Any, owner: Any) -> None:
        """Offer the first of some rows by name, and the one that is chosen."""
        self._restrict(name, rows)
        asked = str(self[name].value() or "")
        chosen = rows.filter(pk=asked) if asked.isdecimal() and len(asked) < 19 else rows.none()
        found = [(str(row.pk), str(row)) for row in chosen]
        offer(self.fields[name], kind, owner, found, query=self._query)

    @property
    def _query(self) -> str:
        return f"of={self.instance.pk}" if self.instance.pk else ""


class FilterForm(SharedForm):
    """A filter, and what is done with what it lets through."""

    source = SourceField(label="Looks at", required=False, widget=SearchedSelect)
    survey = forms.ChoiceField(required=False)
    webhook_url = forms.URLField(
        required=False,
        max_length=500,
        assume_scheme="https",
        label="Send each new candidate to (webhook)",
        help_text="JSON by POST. The settings of this TOM say to which hosts.",
    )
    permissions = forms.ChoiceField(
        choices=Target.Permissions.choices, initial=default_target_permission, label="Who may see new targets"
    )
    target_groups = forms.ModelMultipleChoiceField(
        queryset=Group.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label="Groups that may see and change them",
    )
    webhook_secret = EncryptedFormField(
        required=False,
        label="Secret of the webhook",
        help_text="Known to both sides; each message is signed with it (HMAC-SHA256 in X-TOM-Signature).",
    )

    class Meta:
        model = AlertFilter
        fields = (
            "name", "groups", "expression", "survey", "watchlist", "max_per_hour", "makes", "permissions",
            "target_groups", "target_list", "note_key", "note", "tells", "mails", "tells_groups", "digest",
            "webhook_url", "webhook_secret",
        )  # fmt: skip
        labels = {
            "expression": "Expression",
            "watchlist": "Only on the watchlist",
            "max_per_hour": "New candidates an hour, at most",
            "makes": "Make",
            "target_list": "Put on the list",
            "note_key": "Annotate the target: field",
            "note": "Value",
            "tells": "Tell me among my notifications",
            "mails": "Mail me, too",
            "tells_groups": "Tell the groups as well",
            "digest": "How often",
        }
        widgets = {
            "expression": forms.Textarea(attrs={"rows": 3, "spellcheck": "false", **_WHILE_TYPING}),
            "watchlist": SearchedSelect,
            "target_list": SearchedSelect,
        }

    fieldsets = (
        (
            "Team",
            ("groups",),
            "Its members see this filter and judge its candidates; a decision is the team's.",
        ),
        (
            "What is done at once",
            ("makes", "permissions", "target_groups", "target_list", "note_key", "note"),
            "Done with the rights of the filter's owner, once for each object. Without any of it, candidates"
            " wait for triage.",
        ),
        ("News", ("tells", "mails", "tells_groups", "digest", "webhook_url", "webhook_secret")),
    )
    on_top = ("name", "source", "survey", "watchlist", "expression", "max_per_hour")
    """Fields that the page places itself, around the builder of conditions."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        one, user = self.instance, self.user
        self.owner = one.user if one.pk else user
        self.fields["expression"].widget.attrs["hx-post"] = reverse("alerts:filter-expression")
        surveys = [("", "All surveys"), *((name, name) for name in surveys_of(one))]
        self.fields["survey"].choices = surveys  # type: ignore[attr-defined]
        self._restrict("target_groups", groups_to_share_with(user))
        self._offer_source()
        self._offer(
            "watchlist", "watchlist", shared_for_user(self.owner, Watchlist.objects.all()), self.owner
        )
        lists = target_lists_for_user(self.owner, TargetList.objects.all(), "change_targetlist")
        self._offer("target_list", "target_list", lists, self.owner)
        if not may_create_targets(self.owner):
            choices = [
                choice for choice in AlertFilter.Makes.choices if choice[0] != AlertFilter.Makes.TARGET
            ]
            self.fields["makes"].choices = choices  # type: ignore[attr-defined]

    def _offer_source(self) -> None:
        one, field = self.instance, self.fields["source"]
        field.owner = self.owner  # type: ignore[attr-defined]
        self.initial.setdefault("source", f"{one.query_kind}:{one.query_id}" if one.query_id else ALERTS)
        chosen = chosen_source(self.owner, str(self["source"].value() or ""))
        offer(field, "source", self.owner, chosen, query=self._query)

    def clean(self) -> dict[str, Any]:
        """Refuse what no filter may be, at its field."""
        cleaned = super().clean() or {}
        for name, text in why_unusable(cleaned, owner=self.owner, user=self.user).items():
            self.add_error(name, text)
        return cleaned

    def save(self, commit: bool = True) -> AlertFilter:
        """Store the filter; one that would let other alerts through now is off until it was tried again."""
        one = self.instance
        if one.pk is None:
            one.user = self.user
        kind, _, pk = (self.cleaned_data.get("source") or ALERTS).partition(":")
        one.query_kind, one.query_id = (kind, int(pk)) if pk else ("", None)
        with transaction.atomic():
            keep_state(one)
            return super().save(commit)


class WatchlistForm(SharedForm):
    """A watchlist: the targets of a list, or a region from a file, from words, or kept before."""

    file = forms.FileField(
        required=False, label="Coverage map (MOC) or sky map", help_text="FITS, JSON or ASCII."
    )
    shape = forms.CharField(
        required=False,
        label="Circle or polygon",
        help_text="CIRCLE ICRS ra dec radius, or POLYGON ICRS ra dec, ra dec, ra dec: degrees.",
    )

    class Meta:
        model = Watchlist
        fields = ("name", "groups", "target_list", "radius_arcsec", "region")
        labels = {
            "target_list": "Targets of the list",
            "radius_arcsec": "Within (arcsec)",
            "region": "Region",
        }
        widgets = {"target_list": SearchedSelect}

    fieldsets = (
        ("", ("name",)),
        ("Near targets", ("target_list", "radius_arcsec")),
        ("In a region of the sky", ("region", "file", "shape"), "One of these is enough."),
        ("Team", ("groups",)),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.new_region: SkyRegion | None = None
        owner = self.instance.user if self.instance.pk else self.user
        lists = target_lists_for_user(owner, TargetList.objects.all())
        self._offer("target_list", "watched_list", lists, owner)
        kept = SkyRegion.objects.filter(user=owner) | SkyRegion.objects.filter(pk=self.instance.region_id)
        self._restrict("region", kept)
        self.fields["region"].empty_label = "None kept before"  # type: ignore[attr-defined]

    def clean_radius_arcsec(self) -> float:
        """Refuse a radius that is no radius, or too wide to be compared quickly."""
        radius = float(self.cleaned_data["radius_arcsec"])
        if not 0 < radius <= 3600:
            raise forms.ValidationError(f"Expected more than 0 and at most 3600 arcsec, found {radius:g}.")
        return radius

    def clean(self) -> dict[str, Any]:
        """Read the region of the file or the words; something has to be watched."""
        cleaned = super().clean() or {}
        name = cleaned.get("name") or "Watchlist"
        try:
            if cleaned.get("file"):
                self.new_region = region_from(cleaned["file"], user=self.user, name=name)
            elif cleaned.get("shape"):
                self.new_region = region_of(cleaned["shape"], user=self.user, name=name)
        except FileError as error:
            self.add_error("file", str(error))
        except ValueError as error:
            self.add_error("shape", f"{error}.")
        watched = (cleaned.get("target_list"), cleaned.get("region"), self.new_region)
        if not self.errors and not any(watched):
            self.add_error(None, "Choose a list of targets or a region: nothing would be watched.")
        return cleaned

    def save(self, commit: bool = True) -> Watchlist:
        """Store the watchlist of its user, and its region if it is a new one."""
        if self.instance.pk is None:
            self.instance.user = self.user
        with transaction.atomic():
            if self.new_region is not None:
                self.new_region.save()
                self.instance.region = self.new_region
            return super().save(commit)
