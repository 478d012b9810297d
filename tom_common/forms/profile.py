"""Forms of a user's profile, and what carries it along with a form of its user."""

from __future__ import annotations

import zoneinfo
from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.forms.models import BaseInlineFormSet, inlineformset_factory

from tom_common.models import Profile

User = get_user_model()


class ProfileModelForm(forms.ModelForm):
    """What a profile tells beside the account: affiliation and telephone."""

    class Meta:
        model = Profile
        fields = ("affiliation", "phone_number")


class ProfileSettingsForm(ProfileModelForm):
    """A user's own profile, with the observing site, the time zone and the theme."""

    fieldsets = (
        ("Contact", ["affiliation", "phone_number"]),
        (
            "Observing site",
            ["site_name", "site_latitude", "site_longitude", "site_elevation_m"],
            "Sunset, twilight and the Moon on the start page are for this place.",
        ),
        ("Display", ["time_zone", "theme"]),
    )

    class Meta(ProfileModelForm.Meta):
        fields = (
            *ProfileModelForm.Meta.fields,
            "site_name",
            "site_latitude",
            "site_longitude",
            "site_elevation_m",
            "time_zone",
            "theme",
        )
        widgets = {
            "site_latitude": forms.TextInput(attrs={"inputmode": "decimal"}),
            "site_longitude": forms.TextInput(attrs={"inputmode": "decimal"}),
            "site_elevation_m": forms.TextInput(attrs={"inputmode": "decimal"}),
        }
        labels = {
            "site_name": "Name of the site",
            "site_latitude": "Latitude",
            "site_longitude": "Longitude",
            "site_elevation_m": "Elevation",
        }

    def clean_time_zone(self) -> str:
        """Accept the names of the IANA database."""
        name = self.cleaned_data["time_zone"]
        try:
            zoneinfo.ZoneInfo(name)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValidationError(
                "There is no time zone %(name)s. Write it as Area/City (America/Santiago), or UTC.",
                params={"name": name},
            ) from error
        return name

    def clean_site_latitude(self) -> float | None:
        """Accept -90 to 90 degrees."""
        return self._in_range("site_latitude", -90, 90)

    def clean_site_longitude(self) -> float | None:
        """Accept -180 to 360 degrees and keep it between -180 and 180."""
        longitude = self._in_range("site_longitude", -180, 360)
        return longitude if longitude is None or longitude <= 180 else longitude - 360

    def clean_site_elevation_m(self) -> float | None:
        """Accept what the Earth has."""
        return self._in_range("site_elevation_m", -500, 9000)

    def _in_range(self, name: str, low: float, high: float) -> float | None:
        value = self.cleaned_data[name]
        if value is not None and not low <= value <= high:
            raise ValidationError(
                "Enter a number from %(low)s to %(high)s.", params={"low": low, "high": high}
            )
        return value

    def clean(self) -> dict[str, Any]:
        """A position has two halves."""
        cleaned = super().clean() or self.cleaned_data
        halves = {name: cleaned.get(name) for name in ("site_latitude", "site_longitude")}
        for name, value in halves.items():
            other = next(half for key, half in halves.items() if key != name)
            if value is None and other is not None and name not in self.errors:
                self.add_error(name, "Needed too: the position has two halves.")
        return cleaned


class BaseUserProfileFormSet(BaseInlineFormSet):
    """The one profile of a user. It writes to the row that the user already has, however that came to be."""

    def _construct_form(self, i: int, **kwargs: Any) -> forms.ModelForm:
        form = super()._construct_form(i, **kwargs)
        if form.instance.pk is None and self.instance.pk is not None:
            form.instance = Profile.objects.filter(user=self.instance).first() or form.instance
        return form

    def save_new(self, form: forms.ModelForm, commit: bool = True) -> Profile:
        """Save the values to the profile that saving the user has just made."""
        made = Profile.objects.filter(user=self.instance).first() if form.instance.pk is None else None
        if made is not None:
            for name in form._meta.fields or ():
                setattr(made, name, form.cleaned_data.get(name))
            form.instance = made
        return super().save_new(form, commit=commit)


UserProfileInlineFormSet = inlineformset_factory(
    User, Profile, form=ProfileModelForm, formset=BaseUserProfileFormSet, can_delete=False, extra=1
)
ProfileSettingsInlineFormSet = inlineformset_factory(
    User, Profile, form=ProfileSettingsForm, formset=BaseUserProfileFormSet, can_delete=False, extra=1
)


class ProfileFormSetMixin:
    """Carries the formset of the profile along with a form of its user, in ``user_profile_formset``."""

    profile_formset_class: Any = UserProfileInlineFormSet

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # A page that shows no profile fields posts no management form: then there is nothing to check.
        self._has_profile_data = self.is_bound and f"{self._profile_prefix}-TOTAL_FORMS" in self.data
        self.user_profile_formset = self.profile_formset_class(
            data=self.data if self._has_profile_data else None,
            instance=self.instance,
            prefix=self._profile_prefix,
        )
        self.formsets = [self.user_profile_formset]

    _profile_prefix = "profile"

    def is_valid(self) -> bool:
        """Whether the account and the profile are right."""
        profile_is_valid = not self._has_profile_data or self.user_profile_formset.is_valid()
        return super().is_valid() and profile_is_valid

    def clean(self) -> Any:
        """Check the profile together with the account."""
        cleaned = super().clean()
        if self._has_profile_data:
            self.user_profile_formset.clean()
        return cleaned

    def has_changed(self) -> bool:
        """Whether the account or the profile was edited."""
        return super().has_changed() or (self._has_profile_data and self.user_profile_formset.has_changed())

    def save_profile(self, user: Any) -> None:
        """Save the profile of a user that is saved already."""
        if self._has_profile_data:
            self.user_profile_formset.instance = user
            self.user_profile_formset.save()
