"""Forms of groups of files, and of sharing."""

from typing import Any

from django import forms
from django.db.models import QuerySet

from tom_dataproducts.models import DataProductGroup
from tom_dataproducts.upload_forms import DataProductUploadForm  # noqa: F401  public path
from tom_targets.sharing_port import sharing_gateway


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


class DataShareForm(forms.Form):
    """With which other TOM data are shared; for a target also which kinds of them."""

    share_destination = forms.ChoiceField(label="With", choices=lambda: sharing_gateway().destinations())
    kinds = forms.MultipleChoiceField(
        label="All of these kinds",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        choices=(
            ("photometry", "Photometry"),
            ("spectroscopy", "Spectra"),
            ("astrometry", "Measured positions"),
            ("other", "Other measurements"),
        ),
    )

    def __init__(self, *args: Any, with_kinds: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not with_kinds:
            del self.fields["kinds"]
