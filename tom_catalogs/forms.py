"""The form of the catalogues."""

from __future__ import annotations

from typing import Any

from django import forms

from tom_catalogs.registry import harvesters
from tom_common.astro.typed_position import is_meant_as_position, not_understood, read_position

ALL = ""


class CatalogQueryForm(forms.Form):
    """A name or a place, and which catalogue to ask; all of them at once if none is chosen."""

    term = forms.CharField(
        label="Name, designation or place",
        max_length=200,
        help_text="For example M31, SN 2023ixf, Ceres, C/2012 S1, or 14:03:38.6 +54:18:42.",
    )
    radius_arcsec = forms.FloatField(
        label="Radius around a place",
        required=False,
        min_value=0.01,
        max_value=3600.0,
        help_text="In arcsec; empty: 3 or 5, as fits the catalogue.",
    )
    service = forms.ChoiceField(label="Ask", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["service"].choices = [(ALL, "all catalogues"), *harvesters.choices()]  # type: ignore[attr-defined]

    def clean_term(self) -> str:
        """Refuse a place with a slip: no catalogue knows it as a name."""
        term: str = self.cleaned_data["term"]
        if is_meant_as_position(term) and read_position(term) is None:
            raise forms.ValidationError(not_understood(term))
        return term

    def clean(self) -> dict[str, Any]:
        """Put the radius behind a place that has none."""
        cleaned: dict[str, Any] = super().clean() or {}
        radius_arcsec, term = cleaned.get("radius_arcsec"), cleaned.get("term", "")
        place = read_position(term) if radius_arcsec else None
        if place is not None and place.radius_arcsec is None and not place.is_iau_name:
            cleaned["term"] = f"{' '.join(term.split())}, {radius_arcsec:g} arcsec"
        return cleaned
