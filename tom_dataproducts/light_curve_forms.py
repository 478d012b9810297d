"""Forms of the light curve: a note on a point, a search for periods."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from tom_common.astro.time import mjd_utc_to_datetime, parse_mjd_utc
from tom_dataproducts.models import PeriodSearch, PointNote


class NoteForm(forms.Form):
    """A note on the point of a time and band."""

    time = forms.CharField(
        label="Time of the point (UTC)",
        max_length=40,
        help_text="MJD, JD or ISO time, such as 61253.25 or 2026-08-01 06:00:00.",
    )
    band = forms.CharField(label="Band", max_length=32, required=False)
    source = forms.CharField(
        label="Source",
        max_length=255,
        required=False,
        help_text="As the light curve names it; empty for any.",
    )
    text = forms.CharField(
        label="Note", max_length=PointNote.MAX_LENGTH, widget=forms.Textarea(attrs={"rows": 3})
    )

    def clean_time(self) -> Any:
        """Read the time as MJD (UTC)."""
        try:
            return mjd_utc_to_datetime(parse_mjd_utc(self.cleaned_data["time"]))
        except (ValueError, OverflowError) as error:
            raise forms.ValidationError(f"This time is not understood: {error}.") from error

    def note(self) -> dict[str, Any]:
        """Return what was typed, under the names of ``notes.add_note``."""
        data = dict(self.cleaned_data)
        return {"timestamp": data.pop("time"), **data}


class PeriodForm(forms.Form):
    """In which bands, of what and in which range to look for periods."""

    bands = forms.MultipleChoiceField(label="Bands", widget=forms.CheckboxSelectMultiple)
    brightness = forms.ChoiceField(label="In", choices=PeriodSearch.Brightness.choices, initial="mag")
    min_period_d = forms.FloatField(
        label="Shortest period (d)", initial=0.1, min_value=1e-5, help_text="0.01 d are 14 minutes."
    )
    max_period_d = forms.FloatField(
        label="Longest period (d)",
        required=False,
        min_value=1e-4,
        help_text="Empty: as long as the light curve.",
    )

    def __init__(self, *args: Any, bands: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known: Any = self.fields["bands"]
        known.choices = [(band, band or "no name") for band in bands if "," not in band]

    def clean(self) -> dict[str, Any]:
        """Refuse a range without inside."""
        cleaned = super().clean() or self.cleaned_data
        shortest, longest = cleaned.get("min_period_d"), cleaned.get("max_period_d")
        if shortest and longest and longest <= shortest:
            self.add_error("max_period_d", f"Enter more than the shortest period, {shortest:g} d.")
        return cleaned
