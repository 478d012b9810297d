"""What visibility is asked for: the night, the sites, and what counts as observable."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django import forms
from django.http import QueryDict

from tom_common.astro.night import evening_of
from tom_common.astro.observer import Site
from tom_common.astro.time import datetime_to_mjd_utc
from tom_common.astro.visibility import Limits
from tom_observations import conf
from tom_observations.sites import OWN_SITE

FIRST_NIGHT, LAST_NIGHT = date(1950, 1, 1), date(2100, 12, 31)
"""Between them Sun, Moon and the turn of the Earth are as exact as promised."""
MAX_SITES = 12
TWILIGHT_CHOICES = (
    ("astronomical", "Sun 18° below (dark)"),
    ("nautical", "Sun 12° below"),
    ("civil", "Sun 6° below"),
    ("sunset", "Sun below the horizon"),
)
_DEFAULTS = {"min_altitude": "30", "twilight": "astronomical", "min_moon": "0"}


def default_sites(sites: Sequence[Site]) -> list[str]:
    """Return the codes of the sites shown until somebody chooses: the own one, then those of the settings."""
    wanted = [OWN_SITE, *conf.visibility_sites()]
    known = {site.code for site in sites}
    return [code for code in wanted if code in known][:MAX_SITES]


class VisibilityForm(forms.Form):
    """Reads the parameters of an address; what it does not name has a default."""

    night = forms.DateField(
        label="Night of",
        required=False,
        help_text="The day on which it begins at each site. Empty: tonight.",
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    min_altitude = forms.FloatField(
        label="Lowest altitude (°)",
        min_value=0,
        max_value=90,
        help_text="30° is airmass 2.0, 41.8° is 1.5.",
        widget=forms.NumberInput(attrs={"step": "any"}),
    )
    twilight = forms.ChoiceField(label="Dark enough with the", choices=TWILIGHT_CHOICES)
    min_moon = forms.FloatField(
        label="Distance from the Moon (°)",
        min_value=0,
        max_value=180,
        widget=forms.NumberInput(attrs={"step": "any"}),
    )
    site = forms.MultipleChoiceField(label="Sites", widget=forms.CheckboxSelectMultiple)

    def __init__(self, data: Any, *, sites: Sequence[Site], now: Any) -> None:
        given = QueryDict(mutable=True)
        given.update(data)
        self.known = {site.code: site for site in sites}
        if not given.getlist("site"):
            given.setlist("site", default_sites(sites))
        for name, default in _DEFAULTS.items():
            if not given.get(name):
                given[name] = default
        super().__init__(given)
        self.now_mjd = datetime_to_mjd_utc(now)
        self.fields["site"].choices = [(site.code, site.label) for site in sites]

    def evening_at(self, site: Site) -> date:
        """Return the night asked for; else the one that runs at a site now, or the coming one by day."""
        return self.cleaned_data["night"] or evening_of(
            self.now_mjd, latitude_deg=site.latitude_deg, longitude_deg=site.longitude_deg
        )

    def clean_night(self) -> date | None:
        """Refuse nights for which nothing exact can be said."""
        night = self.cleaned_data["night"]
        if night is not None and not FIRST_NIGHT <= night <= LAST_NIGHT:
            raise forms.ValidationError(f"Enter a night from {FIRST_NIGHT} to {LAST_NIGHT}; {night} is not.")
        return night

    def clean_site(self) -> list[Site]:
        """Return the sites themselves."""
        codes = list(dict.fromkeys(self.cleaned_data["site"]))
        if len(codes) > MAX_SITES:
            raise forms.ValidationError(f"Choose at most {MAX_SITES} sites; these are {len(codes)}.")
        return [self.known[code] for code in codes]

    @property
    def nights(self) -> list[tuple[Site, date]]:
        """The sites, each with the evening of its night; of a valid form."""
        return [(site, self.evening_at(site)) for site in self.cleaned_data["site"]]

    @property
    def limits(self) -> Limits:
        """What counts as observable; of a valid form."""
        cleaned = self.cleaned_data
        return Limits(cleaned["min_altitude"], cleaned["twilight"], cleaned["min_moon"])

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The parameters as they stand in an address; of a valid form."""
        cleaned = self.cleaned_data
        return [
            *([("night", cleaned["night"].isoformat())] if cleaned["night"] else []),
            *(("site", site.code) for site in cleaned["site"]),
            *((name, f"{cleaned[name]:g}") for name in ("min_altitude", "min_moon")),
            ("twilight", cleaned["twilight"]),
        ]
