from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError

from tom_common.files import size_text
from tom_targets import conf
from tom_targets.models import Target
from tom_targets.selectors import groups_to_share_with
from tom_targets.transfer.importing import check_mapping
from tom_targets.transfer.input_files import FORMATS
from tom_targets.transfer.mapping import ALIAS, ALIASES, EXTRA, GROUPS, IGNORE, LISTS, Mapped, ordered_fields
from tom_targets.transfer.options import ACTIONS, MAX_RADIUS_ARCSEC, MODES, SKIP, UPDATE, ImportOptions

TAG = "tag"


class TargetUploadForm(forms.Form):
    """A file of targets."""

    file = forms.FileField(label="File", max_length=255, allow_empty_file=True)
    format = forms.ChoiceField(label="Format", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["file"].help_text = (
            "CSV, ECSV, VOTable, FITS table or JSON, plain or gzipped; at most"
            f" {size_text(conf.import_max_bytes())} and {conf.import_max_rows():,} rows. Nothing is stored"
            " before you have seen how it is understood."
        )
        self.fields["format"].choices = [("", "Find out"), *FORMATS.items()]


class ImportOptionsForm(forms.Form):
    """How a file is imported."""

    same_name = forms.ChoiceField(
        label="A target with the same name is there",
        choices=[(key, ACTIONS[key]) for key in (SKIP, UPDATE)],
        help_text="Names and aliases, whatever their case, blanks and dashes.",
    )
    near = forms.ChoiceField(label="A target of another name lies near", choices=list(ACTIONS.items()))
    radius_arcsec = forms.FloatField(
        label="Near means within (arcsec)",
        min_value=0.0,
        max_value=MAX_RADIUS_ARCSEC,
        help_text="0 looks at names only.",
    )
    mode = forms.ChoiceField(label="If some rows are wrong", choices=list(MODES.items()))
    permissions = forms.ChoiceField(
        label="Who may see new targets", required=False, help_text="Where the file does not say it."
    )
    groups = forms.ModelMultipleChoiceField(
        queryset=Group.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label="Groups with access to new targets",
        help_text="Their members may see, edit and delete them.",
    )
    list_name = forms.CharField(
        label="Put them on the list",
        required=False,
        max_length=200,
        help_text="A list of that name is made if you have none.",
    )

    def __init__(self, *args: Any, user: Any, options: ImportOptions, **kwargs: Any) -> None:
        initial = {**options.as_dict(), "groups": options.group_ids}
        super().__init__(*args, initial=initial, **kwargs)
        default = dict(Target.Permissions.choices)[conf.default_target_permission()]
        self.fields["permissions"].choices = [("", f"{default} (as usual here)"), *Target.Permissions.choices]
        self.fields["groups"].queryset = groups_to_share_with(user)

    def options(self, decisions: dict[int, str]) -> ImportOptions:
        """Return what was chosen."""
        cleaned = dict(self.cleaned_data)
        groups = cleaned.pop("groups")
        return ImportOptions(**cleaned, group_ids=[group.pk for group in groups], decisions=decisions)


def place_choices() -> list[tuple[str, Any]]:
    """Return the places to which a column can go, as the options of a select box."""
    fields = [(name, str(Target._meta.get_field(name).verbose_name)) for name in ordered_fields()]
    declared = [(EXTRA + str(one["name"]), str(one["name"])) for one in conf.extra_fields()]
    hanging = [
        (ALIAS, "An alias"),
        (ALIASES, "Several aliases, with commas"),
        (LISTS, "Target lists, with commas"),
        (GROUPS, "Groups with access, with commas"),
    ]
    return [
        (IGNORE, "Leave out"),
        ("Fields", fields),
        ("Names, lists, groups", hanging),
        *([("Extra fields", declared)] if declared else []),
        ("Anything else", [(TAG, "A tag of the column's name")]),
    ]


class MappingForm(forms.Form):
    """Where each column of a file goes, and its unit; fields are numbered as the columns are."""

    def __init__(self, *args: Any, mapping: list[Mapped], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.mapping = mapping
        choices = place_choices()
        known = {key for _, group in choices if isinstance(group, list) for key, _ in group} | {IGNORE}
        for number, one in enumerate(mapping):
            extra = [] if one.place in known else [(one.place, f"Tag {one.place.removeprefix(EXTRA)}")]
            self.fields[f"place-{number}"] = forms.ChoiceField(
                choices=[*choices, *extra],
                required=False,
                initial=one.place,
                label=f"Column {one.column} goes to",
            )
            self.fields[f"unit-{number}"] = forms.CharField(
                required=False, max_length=40, initial=one.unit, label=f"Unit of {one.column}"
            )

    def rows(self) -> list[tuple[Mapped, Any, Any]]:
        """Return each column with its two boxes."""
        return [
            (one, self[f"place-{number}"], self[f"unit-{number}"]) for number, one in enumerate(self.mapping)
        ]

    def clean(self) -> dict[str, Any]:
        """Read the mapping, and refuse one that does not fit."""
        cleaned = super().clean() or self.cleaned_data
        if not self.errors:
            self.mapping = [
                Mapped(one.column, self._place(number, one), cleaned[f"unit-{number}"].strip())
                for number, one in enumerate(self.mapping)
            ]
            problems = check_mapping(self.mapping)
            if problems:
                raise ValidationError(problems)
        return cleaned

    def _place(self, number: int, one: Mapped) -> str:
        place = str(self.cleaned_data[f"place-{number}"])
        if place != TAG:
            return place
        column = one.column
        for prefix in ("extra:", "tag:"):
            column = column.removeprefix(prefix)
        return EXTRA + column
