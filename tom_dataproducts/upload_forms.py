"""The form by which files come in."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.models import Group

from tom_common.file_uploads import SeveralFilesField
from tom_common.files import size_text
from tom_dataproducts import conf
from tom_dataproducts.permissions import rows_have_own_permissions
from tom_targets.selectors import groups_to_share_with

FIND_OUT, PLAIN = "", "plain"


def type_choices() -> list[tuple[str, str]]:
    """Return what a file can be said to be: to be found out, a type of this TOM, or just a file."""
    types = conf.data_product_types().values()
    named = [(key, words) for key, words in types if key not in (FIND_OUT, PLAIN)]
    return [(FIND_OUT, "Find out from the content"), *named, (PLAIN, "Plain file")]


class DataProductUploadForm(forms.Form):
    """Files for a target or an observation record.

    Parameters
    ----------
    user : User, optional
        Whose groups may be given access, where files have permissions of their own.
    """

    target = forms.IntegerField(required=False, widget=forms.HiddenInput)
    observation_record = forms.IntegerField(required=False, widget=forms.HiddenInput)
    referrer = forms.CharField(required=False, max_length=2000, widget=forms.HiddenInput)
    files = SeveralFilesField(label="Files", allow_empty_file=True, max_length=255)  # type: ignore[assignment]
    data_product_type = forms.ChoiceField(label="What they are", required=False, choices=type_choices)
    at_once = forms.BooleanField(
        label="Store at once what is understood without doubt",
        required=False,
        help_text="Otherwise you see first how the columns are understood.",
    )
    groups = forms.ModelMultipleChoiceField(
        queryset=Group.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label="Groups with access",
        help_text="Their members may see, change and delete the files.",
    )

    def __init__(self, *args: Any, user: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["files"].help_text = f"Several at once; up to {size_text(conf.upload_max_bytes())} each."
        if rows_have_own_permissions() and user is not None and user.is_authenticated:
            self.fields["groups"].queryset = groups_to_share_with(user)  # type: ignore[attr-defined]
        else:
            del self.fields["groups"]
