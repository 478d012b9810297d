"""The form that shows how a file is understood, and takes what its owner says instead."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms import BoundField

from tom_dataproducts.formats import (
    IGNORE,
    OPTION_CHOICES,
    OPTIONS,
    FormatError,
    Mapping,
    Recognition,
    meanings_of,
)
from tom_dataproducts.formats.meanings import BOOLEAN_OPTIONS, NUMBER_OPTIONS
from tom_dataproducts.processing import ALL_OR_NOTHING, ON_BAD_ROWS


class MappingForm(forms.Form):
    """What each column of a file means, the options with which it is read, and what becomes of wrong rows.

    Fields of columns are numbered as the columns are.

    Parameters
    ----------
    found : Recognition
        What the file is; its columns are offered.
    mapping : Mapping
        How it is read until the form says otherwise.
    on_bad_rows : str
    """

    on_bad_rows = forms.ChoiceField(label="If some rows are wrong", choices=list(ON_BAD_ROWS.items()))

    def __init__(
        self,
        *args: Any,
        found: Recognition,
        mapping: Mapping,
        on_bad_rows: str = ALL_OR_NOTHING,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, initial={"on_bad_rows": on_bad_rows}, **kwargs)
        self.found, self.mapping = found, mapping
        choices = list(meanings_of(mapping.kind).items())
        for number, column in enumerate(found.columns):
            self.fields[f"column-{number}"] = forms.ChoiceField(
                label=f"Column {column.name} is",
                choices=choices,
                required=False,
                initial=mapping.meanings.get(column.name, IGNORE),
            )
        for name, words in OPTIONS.get(mapping.kind, {}).items():
            self.fields[f"option-{name}"] = _option_field(
                mapping.kind, name, words, mapping.options.get(name)
            )

    def columns(self) -> list[tuple[Any, BoundField]]:
        """Return each column of the file with its field."""
        return [(column, self[f"column-{number}"]) for number, column in enumerate(self.found.columns)]

    def options(self) -> list[BoundField]:
        """Return the fields of the options."""
        return [self[name] for name in self.fields if name.startswith("option-")]

    def problems(self) -> list[str]:
        """Return what was assumed, as long as nothing else was chosen instead."""
        return self.found.problems if _said(self.mapping) == _said(self.found.mapping()) else []

    def clean(self) -> dict[str, Any]:
        """Read the mapping, and refuse one that cannot be meant."""
        cleaned = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        meanings = {
            column.name: meaning
            for number, column in enumerate(self.found.columns)
            if (meaning := cleaned[f"column-{number}"] or IGNORE) != IGNORE
        }
        options = {
            name.removeprefix("option-"): value
            for name, value in cleaned.items()
            if name.startswith("option-") and value not in (None, "")
        }
        mapping = Mapping(self.mapping.kind, self.mapping.layout, meanings, options)
        try:
            mapping.check()
        except FormatError as error:
            raise ValidationError(str(error)) from error
        self.mapping = mapping
        return cleaned


def _said(mapping: Mapping) -> tuple[dict[str, str], dict[str, Any]]:
    """Return what a mapping says; a box that is not ticked says nothing."""
    meanings = {name: meaning for name, meaning in mapping.meanings.items() if meaning != IGNORE}
    options = {name: value for name, value in mapping.options.items() if value not in (None, "", False)}
    return meanings, options


def _option_field(kind: str, name: str, words: str, value: Any) -> forms.Field:
    if name in BOOLEAN_OPTIONS:
        return forms.BooleanField(label=words, required=False, initial=bool(value))
    if name in NUMBER_OPTIONS:
        return forms.FloatField(label=words, required=False, initial=value)
    choices = OPTION_CHOICES.get(name)
    if choices and not (kind == "spectroscopy" and name == "flux_unit"):
        return forms.ChoiceField(
            label=words, required=False, choices=[("", "As usual"), *choices.items()], initial=value
        )
    return forms.CharField(label=words, required=False, max_length=200, initial=value)


def mapping_words(upload: Any) -> list[tuple[str, str]]:
    """Return how a file was read as pairs of words: what each column is, then the options."""
    if upload is None or not upload.mapping:
        return []
    kind, told = upload.mapping.get("kind", ""), upload.mapping
    meanings, options = meanings_of(kind), OPTIONS.get(kind, {})
    words = [(meanings.get(meaning, meaning), name) for name, meaning in told.get("meanings", {}).items()]
    for name, value in told.get("options", {}).items():
        if value in (None, "", False):
            continue
        shown = OPTION_CHOICES.get(name, {}).get(value, value) if isinstance(value, str) else value
        words.append((options.get(name, name), "yes" if shown is True else str(shown)))
    return words
