"""Forms of tom_alerts."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.models import Group
from django.template.defaultfilters import filesizeformat

from tom_common.file_uploads import SeveralFilesField
from tom_dataservices import conf as ingest_conf
from tom_targets import conf as targets_conf
from tom_targets.conf import default_target_permission
from tom_targets.models import Target


class AlertUploadForm(forms.Form):
    """Files of alert packets, and who shall see the targets they make."""

    files = SeveralFilesField(
        label="Alert files",
        help_text="Avro packets (.avro), gzip or tar of them: ZTF, Rubin, ELAsTiCC, Fink, DECam, WINTER.",
    )
    permissions = forms.ChoiceField(
        label="Who may see new targets",
        choices=Target.Permissions.choices,
        initial=default_target_permission,
        help_text="You can change it for each target later.",
    )
    groups = forms.ModelMultipleChoiceField(
        queryset=Group.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Members of these groups may see and change the new targets, as you may.",
    )
    list_name = forms.CharField(
        label="Put on target list",
        max_length=200,
        required=False,
        help_text="Name of a list; it is made if there is none. Empty: no list.",
    )
    on_near = forms.ChoiceField(
        label="An object near a target of another name",
        choices=(
            ("create", "Make a target of it anyway, and tell"),
            ("merge", "Give its name and data to that target"),
            ("skip", "Leave it out"),
        ),
        initial="create",
        required=False,
    )
    all_cutouts = forms.BooleanField(
        label="Keep the cutouts of every alert",
        required=False,
        help_text="Otherwise each target keeps the newest science, reference and difference image.",
    )
    dry_run = forms.BooleanField(
        label="Dry run",
        required=False,
        help_text="Count what would change, and change nothing.",
    )

    fieldsets = (
        ("Files", ("files",)),
        ("Access", ("permissions", "groups")),
        ("Choices", ("list_name", "on_near", "all_cutouts", "dry_run")),
    )

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields[
            "on_near"
        ].help_text = (
            f"Within {targets_conf.duplicate_radius_arcsec():g}″. A dry run tells which objects these are."
        )
        groups = Group.objects.all() if user.is_superuser else Group.objects.filter(user=user)
        self.fields["groups"].queryset = groups.order_by("name")  # type: ignore[attr-defined]
        if not groups.exists():
            del self.fields["groups"]

    def clean_files(self) -> list[Any]:
        """Refuse files beyond the limit, with name and size."""
        limit = ingest_conf.upload_max_bytes()
        for file in self.cleaned_data["files"]:
            if file.size > limit:
                raise forms.ValidationError(
                    f"{file.name} has {filesizeformat(file.size)}, the limit is {filesizeformat(limit)}."
                    " Use the command ingest_alerts on the server for larger files."
                )
        return self.cleaned_data["files"]
