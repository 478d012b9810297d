"""Form of the page that makes one target of several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from tom_targets.base_models import BaseTarget
from tom_targets.merge import Choice, choices
from tom_targets.models import Target


class TargetMergeForm(forms.Form):
    """Which target stays, whose value is taken for each field that differs, and why.

    Parameters
    ----------
    targets : sequence of BaseTarget
        The first is proposed as the one that stays.
    """

    reason = forms.CharField(
        required=False,
        max_length=500,
        label="Reason",
        help_text="Kept in the history, for those who wonder later.",
    )

    def __init__(self, *args: Any, targets: Sequence[BaseTarget], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.targets = list(targets)
        self.choices: list[Choice] = [choice for choice in choices(self.targets) if choice.differs]
        names = [(target.pk, target.name) for target in self.targets]
        self.fields["primary"] = forms.TypedChoiceField(
            choices=names,
            coerce=int,
            initial=self.targets[0].pk,
            label="Stays",
            widget=forms.RadioSelect(attrs={"class": "form-check-input"}),
        )
        for choice in self.choices:
            self.fields[self.field_name(choice)] = forms.TypedChoiceField(
                choices=names,
                coerce=int,
                initial=choice.chosen,
                required=False,
                label=choice.label,
                empty_value=choice.chosen,  # type: ignore[arg-type]  # any value is right, says Django
                widget=forms.RadioSelect,
            )

    @staticmethod
    def field_name(choice: Choice) -> str:
        """Return the name of the form field of a choice."""
        return f"take:{choice.name}"

    def chosen(self) -> dict[str, int]:
        """Return the key of the target whose value is taken, by name of the choice; for a valid form."""
        return {choice.name: self.cleaned_data[self.field_name(choice)] for choice in self.choices}

    def primary_and_others(self) -> tuple[BaseTarget, list[BaseTarget]]:
        """Return the target that stays, and those that end; for a valid form."""
        pk = self.cleaned_data["primary"]
        primary = next(target for target in self.targets if target.pk == pk)
        return primary, [target for target in self.targets if target.pk != pk]

    def rows(self) -> list[dict[str, Any]]:
        """Return the table of the page: for each choice a cell for each target."""
        found = []
        for choice in self.choices:
            name = self.field_name(choice)
            taken = str(self[name].value() or choice.chosen)
            cells = [
                {
                    "pk": target.pk,
                    "name": target.name,
                    "lines": shown(choice.values[target.pk]),
                    "checked": str(target.pk) == taken,
                }
                for target in self.targets
            ]
            found.append({"field": name, "label": choice.label, "cells": cells})
        return found


def shown(values: dict[str, Any]) -> list[str]:
    """Return columns and values as lines for people; what is not there is left out."""
    there = {name: value for name, value in values.items() if value not in (None, "")}
    if len(values) == 1:
        return [_text(name, value) for name, value in there.items()]
    return [f"{_label(name)}: {_text(name, value)}" for name, value in there.items()]


def _label(column: str) -> str:
    return str(Target._meta.get_field(column).verbose_name)


def _text(column: str, value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.10g}".replace("-", "\u2212", 1)
    if column in _COLUMNS:
        return str(dict(Target._meta.get_field(column).flatchoices).get(value, value))  # type: ignore[union-attr]
    return str(value)


_COLUMNS = {column.attname for column in Target._meta.concrete_fields}
