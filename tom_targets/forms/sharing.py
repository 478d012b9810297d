"""Forms that say what of a target or a list is shared, and with which other TOM."""

from __future__ import annotations

from typing import Any

from django import forms

from tom_targets.models import PersistentShare
from tom_targets.sharing_port import sharing_gateway


def destination_field() -> forms.ChoiceField:
    """Return the field that names another TOM."""
    return forms.ChoiceField(label="With", choices=lambda: sharing_gateway().destinations())


class TargetShareForm(forms.Form):
    """What of a target goes to which other TOM."""

    share_destination = destination_field()
    parts = forms.MultipleChoiceField(
        label="What",
        choices=lambda: sharing_gateway().parts(),
        widget=forms.CheckboxSelectMultiple,
    )
    overwrite = forms.BooleanField(
        label="Replace what differs there by ours",
        required=False,
        help_text="Otherwise facts and extra fields that differ are left as they are there, and named.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["parts"].initial = [key for key, _ in sharing_gateway().parts()]


class TargetListShareForm(TargetShareForm):
    """What of the targets of a list goes to which other TOM."""


class PersistentShareForm(forms.Form):
    """With which other TOM a target's new data are shared from now on."""

    destination = destination_field()
    share_existing_data = forms.BooleanField(
        label="Send now what is there already", required=False, initial=True
    )

    def __init__(self, *args: Any, target: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.target = target

    def clean_destination(self) -> str:
        """Refuse a second share with the same TOM."""
        key = self.cleaned_data["destination"]
        if PersistentShare.objects.filter(target=self.target.pk, destination=key).exists():
            label = sharing_gateway().label_of(key)
            raise forms.ValidationError(f"{self.target.name} is shared with {label} already.")
        return key
