"""Which epochs are asked for: times typed in UTC or as MJD, for the forms of data services."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils import timezone

from tom_common.astro.time import datetime_to_mjd_utc, parse_mjd_utc
from tom_dataproducts.single_target_data_service.single_target_data_service import (
    BaseSingleTargetDataServiceQueryForm,
)

EARLIEST_MJD, LATEST_MJD = 40000.0, 88069.0
DEFAULT_DAYS = 30.0


def now_mjd() -> float:
    """Return this moment as MJD, UTC."""
    return float(datetime_to_mjd_utc(timezone.now()))


class MJDField(forms.CharField):
    """A time, as ``2026-11-21 03:30`` (UTC), MJD or JD; cleaned it is MJD, UTC, or None."""

    def to_python(self, value: Any) -> Any:
        """Return the MJD (UTC) of what was typed, None for nothing."""
        text = super().to_python("" if value is None else str(value))
        if not text:
            return None
        try:
            mjd = float(parse_mjd_utc(text[:40]))
        except (ValueError, OverflowError) as error:
            raise forms.ValidationError(str(error)) from error
        if not EARLIEST_MJD <= mjd <= LATEST_MJD:
            raise forms.ValidationError(f"{text} is MJD {mjd:g}: no survey asked here took images then.")
        return mjd

    def run_validators(self, value: Any) -> None:
        """Judge nothing further: validators of a CharField expect text."""


class EpochsForm(BaseSingleTargetDataServiceQueryForm):
    """Begin and end of the epochs, or all there are."""

    min_date = MJDField(
        required=False, label="From", help_text="2026-11-21 03:30 (UTC) or MJD. Empty: 30 days ago."
    )
    max_date = MJDField(required=False, label="To", help_text="The same way. Empty: until now.")
    all_history = forms.BooleanField(
        required=False, label="All there is", help_text="Instead of the dates: since the survey began."
    )

    def clean(self) -> dict[str, Any]:
        """Look whether the times fit together."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        begin, end = cleaned.get("min_date"), cleaned.get("max_date")
        if cleaned.get("all_history") and (begin is not None or end is not None):
            self.add_error("all_history", "Give dates, or tick this: not both.")
        elif begin is not None and end is not None and end <= begin:
            self.add_error("max_date", "This is not after the begin.")
        elif begin is not None and begin >= now_mjd():
            self.add_error("min_date", "This is in the future.")
        elif begin is None and end is not None and end <= now_mjd() - DEFAULT_DAYS:
            self.add_error("min_date", "Say from when: the usual begin, 30 days ago, is after the end.")
        return cleaned


@dataclass(frozen=True)
class Span:
    """From when until when, MJD UTC; `end` is None where everything until now is asked for."""

    begin: float
    end: float | None
    words: str

    @property
    def last(self) -> float:
        """The end, or now."""
        return now_mjd() if self.end is None else self.end


def span_of(cleaned: dict[str, Any], *, first_mjd: float) -> Span:
    """Return the epochs that a form asks for; `first_mjd` is when the survey began."""
    begin, end = cleaned.get("min_date"), cleaned.get("max_date")
    if cleaned.get("all_history"):
        return Span(first_mjd, None, "all there is")
    begin = now_mjd() - DEFAULT_DAYS if begin is None else max(float(begin), first_mjd)
    until = "now" if end is None else f"{end:.2f}"
    return Span(begin, None if end is None else float(end), f"MJD {begin:.2f} to {until}")
