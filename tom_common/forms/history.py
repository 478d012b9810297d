"""What a list of changes is narrowed to, on the page and in the API."""

from __future__ import annotations

from django import forms

from tom_common.history.models import KINDS, ChangeSet


class ChangeFilterForm(forms.Form):
    """What the list of changes is narrowed to."""

    kind = forms.ChoiceField(required=False, choices=[("", "Any kind"), *KINDS.items()])
    author = forms.CharField(required=False, label="By", help_text="A user name, or a part of one.")
    since = forms.DateField(
        required=False, label="From", widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    )
    until = forms.DateField(
        required=False, label="To", widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    )
    target = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput)
    state = forms.ChoiceField(required=False, choices=[("", "All"), *ChangeSet.State.choices])

    def clean_author(self) -> str:
        """A name holds no NUL, which no database would search for."""
        return self.cleaned_data["author"].replace("\x00", "")
