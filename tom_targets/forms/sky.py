"""Forms of the searches that take a file: cross-match, region."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from tom_common.files import size_text
from tom_targets import conf
from tom_targets.cross_match_runs import MAX_RADIUS_ARCSEC
from tom_targets.transfer.input_files import FileError, check_size

_UNITS = (("1", "arcsec"), ("60", "arcmin"), ("3600", "deg"))
_LONGEST = 200_000


class CrossMatchForm(forms.Form):
    """A list of positions, as a file or pasted, and how near a target has to be."""

    text = forms.CharField(
        label="Positions",
        required=False,
        max_length=_LONGEST,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
        help_text="One a line, a name before it if you like: degrees or sexagesimal, any separator."
        " Or a table with a header.",
    )
    file = forms.FileField(label="Or a file", required=False, max_length=255)
    radius = forms.FloatField(label="Within", min_value=0.0, initial=2.0)
    radius_unit = forms.ChoiceField(label="Unit", choices=_UNITS, initial="1")
    which = forms.ChoiceField(
        label="Of each position",
        choices=(("nearest", "the nearest target"), ("all", "all targets within the radius")),
        initial="nearest",
    )
    ra_column = forms.CharField(
        label="Column of right ascension",
        required=False,
        max_length=100,
        help_text="Only if it is not found by its header.",
    )
    dec_column = forms.CharField(label="Column of declination", required=False, max_length=100)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["file"].help_text = (
            f"CSV, ECSV, VOTable, FITS table or JSON; at most {size_text(conf.import_max_bytes())}"
            f" and {conf.import_max_rows():,} rows."
        )

    def clean_file(self) -> Any:
        """Refuse a file that is too large."""
        file = self.cleaned_data["file"]
        if file:
            try:
                check_size(file.size)
            except FileError as error:
                raise ValidationError(str(error)) from error
        return file

    def clean(self) -> dict[str, Any]:
        """Ask for one list, and refuse a radius that is too wide."""
        data = super().clean() or {}
        if bool(data.get("file")) == bool((data.get("text") or "").strip()) and "file" not in self.errors:
            self.add_error("text", "Paste positions or choose a file, one of the two.")
        if data.get("radius") is not None and data.get("radius_unit"):
            data["radius_arcsec"] = data["radius"] * float(data["radius_unit"])
            if not data["radius_arcsec"] <= MAX_RADIUS_ARCSEC:
                self.add_error("radius", f"At most {MAX_RADIUS_ARCSEC / 3600:g} degrees.")
        return data


class RegionForm(forms.Form):
    """A coverage map, or a sky map of probabilities of which a region is asked for."""

    file = forms.FileField(
        label="File",
        max_length=255,
        help_text="A coverage map (MOC) as FITS, JSON or text, or a multi-order sky map of an alert of"
        " gravitational waves or neutrinos (FITS).",
    )
    name = forms.CharField(label="Name", max_length=100, required=False, help_text="The file's by default.")
    percent = forms.FloatField(
        label="Credible region of a sky map (%)", min_value=1.0, max_value=100.0, initial=90.0, required=False
    )
