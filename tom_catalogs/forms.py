"""The form of the catalogues."""

from __future__ import annotations

from typing import Any

from django import forms

from tom_catalogs.registry import harvesters

ALL = ""


class CatalogQueryForm(forms.Form):
    """A name, and which catalogue to ask for it; all of them at once if none is chosen."""

    term = forms.CharField(
        label="Name or designation", max_length=200, help_text="For example M31, SN 2023ixf, Ceres, 67P."
    )
    service = forms.ChoiceField(label="Ask", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["service"].choices = [(ALL, "all catalogues"), *harvesters.choices()]  # type: ignore[attr-defined]
