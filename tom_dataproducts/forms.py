"""Forms of groups of files."""

from typing import Any

from django import forms
from django.db.models import QuerySet

from tom_dataproducts.models import DataProductGroup


class DataProductGroupForm(forms.ModelForm):
    class Meta:
        model = DataProductGroup
        fields = ("name",)
        help_texts = {"name": "For example: spectra for the paper."}


class AddProductToGroupForm(forms.Form):
    """Which files go into which group; the view says which groups the user may choose."""

    products = forms.ModelMultipleChoiceField(queryset=None, widget=forms.MultipleHiddenInput, label="Files")
    group = forms.ModelChoiceField(queryset=None, label="Group", empty_label="choose a group")

    def __init__(self, *args: Any, products: QuerySet, groups: QuerySet, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["products"].queryset = products
        self.fields["group"].queryset = groups
