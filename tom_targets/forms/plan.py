"""What the tag ``target_plan`` asks for: from when to when, and up to which airmass."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms

MAX_DAYS = 31


class PlanForm(forms.Form):
    """Reads ``start_time``, ``end_time`` and ``airmass`` of an address."""

    start_time = forms.DateTimeField(
        label="From (UTC)", widget=forms.DateTimeInput(attrs={"type": "datetime-local"})
    )
    end_time = forms.DateTimeField(
        label="To (UTC)", widget=forms.DateTimeInput(attrs={"type": "datetime-local"})
    )
    airmass = forms.DecimalField(label="Highest airmass", required=False, min_value=1, max_value=40)

    def __init__(self, data: Any, *, now: datetime) -> None:
        given = {name: data[name] for name in ("start_time", "end_time", "airmass") if data.get(name)}
        start = now.replace(second=0, microsecond=0, tzinfo=None)
        given.setdefault("start_time", f"{start:%Y-%m-%dT%H:%M}")
        given.setdefault("end_time", f"{start + timedelta(days=1):%Y-%m-%dT%H:%M}")
        super().__init__(given)

    def clean(self) -> dict[str, Any]:
        """Refuse an end that is not after the start, and more than a month."""
        cleaned = super().clean() or self.cleaned_data
        start, end = cleaned.get("start_time"), cleaned.get("end_time")
        if start and end and not timedelta(0) < end - start <= timedelta(days=MAX_DAYS):
            self.add_error("end_time", f"Enter a time after the start, at most {MAX_DAYS} days later.")
        return cleaned
