"""Forms that make and edit a target, its aliases and tags."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError

from tom_common.astro.angles import parse_dec_deg, parse_ra_deg
from tom_common.astro.time import JD_OF_MJD_0
from tom_targets import conf
from tom_targets.derived import simplify_name
from tom_targets.models import Target, TargetExtra, TargetName
from tom_targets.selectors import groups_to_share_with
from tom_targets.typed_position import typed_position
from tom_targets.validators import missing_fields, required_fields

_NOT_COPIED = {"galactic_lng", "galactic_lat"}  # they follow from the position


class CoordinateField(forms.CharField):
    """Reads a coordinate, decimal or sexagesimal, as degrees; shows degrees."""

    def __init__(self, *args: Any, parse: Callable[[str], float], **kwargs: Any) -> None:
        self.parse = parse
        kwargs.setdefault("max_length", 60)
        kwargs.setdefault(
            "widget", forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "class": "mono"})
        )
        super().__init__(*args, **kwargs)

    def clean(self, value: Any) -> Any:
        """Return degrees, or None where nothing was typed."""
        text = super().clean(value)
        if not text:
            return None
        try:
            return self.parse(text)
        except ValueError as error:
            reason = str(error)
            raise ValidationError(f"{reason[:1].upper()}{reason[1:]}.") from error

    def prepare_value(self, value: Any) -> Any:
        """Return what stands in the box: a number with all its digits, a text as it was typed."""
        return repr(value) if isinstance(value, float) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Tell whether what was typed means another position."""
        return super().has_changed(self.prepare_value(initial), data)


def _extra_form_field(field: dict[str, Any]) -> forms.Field:
    """Return the form field of an entry of ``EXTRA_FIELDS``."""
    label = str(field["name"]).replace("_", " ").capitalize()
    if field["type"] == "number":
        return forms.FloatField(label=label, required=False)
    if field["type"] == "boolean":
        return forms.NullBooleanField(label=label, required=False)
    if field["type"] == "datetime":
        return forms.DateTimeField(label=label, required=False, help_text="UTC, as 2026-08-14 04:00.")
    return forms.CharField(label=label, required=False)


class TargetForm(forms.ModelForm):
    """What all targets have: name, who may see it, declared extra fields, groups with access.

    The fields of ``EXTRA_FIELDS`` are form fields of their own name. ``save`` does not store them:
    ``services.store_target`` takes them from `extra_values`.
    """

    groups = forms.ModelMultipleChoiceField(
        queryset=Group.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label="Groups with access",
        help_text="Their members may see, edit and delete the target.",
    )

    class Meta:
        model = Target
        fields = ["name", "type", "permissions"]
        widgets = {"type": forms.HiddenInput()}

    target_type = ""
    fieldsets: tuple[tuple[Any, ...], ...] = ()

    def __init__(self, *args: Any, user: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        if self.target_type:
            self.fields["type"].required = False
            self.initial["type"] = self.target_type
            for name in required_fields(self.target_type):
                self.fields[name].required = True
        if user is None or self.instance.pk:
            del self.fields["groups"]  # later it is done on the page of who may see and edit
        else:
            self.fields["groups"].queryset = groups_to_share_with(user)
        self._add_extra_fields()

    def _add_extra_fields(self) -> None:
        self.extra_names = [
            field["name"]
            for field in conf.extra_fields()
            if not field.get("hidden") and field["name"] not in self.fields
        ]
        stored = self.instance.extra_fields if self.instance.pk else {}
        for field in conf.extra_fields():
            name = field["name"]
            if name in self.extra_names:
                self.fields[name] = _extra_form_field(field)
                self.initial.setdefault(name, stored.get(name, field.get("default")))
        if self.extra_names:
            self.fieldsets = (*self.fieldsets, ("Further facts", tuple(self.extra_names)))
        self.fieldsets = (
            *self.fieldsets,
            ("Access", ("permissions", "groups"), "Seeing a target gives no right to edit it."),
        )

    @property
    def extra_values(self) -> dict[str, Any]:
        """Values of the declared extra fields; empty ones only where something was stored before."""
        values = {}
        for name in self.extra_names:
            value = self.cleaned_data.get(name)
            if value in (None, "") and self.initial.get(name) in (None, ""):
                continue
            values[name] = "" if value is None else value
        return values

    def clean_type(self) -> str:
        """Return the type of the form's targets, whatever was sent."""
        return self.target_type or self.cleaned_data["type"]

    def clean(self) -> dict[str, Any]:
        """Ask for what the type of target needs."""
        cleaned = super().clean() or self.cleaned_data
        for name in missing_fields({**cleaned, "type": self.target_type or cleaned.get("type")}):
            if name in self.fields and name not in self.errors:
                self.add_error(name, f"{self._why(cleaned)} needs it.")
        return cleaned

    def _why(self, cleaned: dict[str, Any]) -> str:
        schemes = dict(Target.TARGET_SCHEMES)
        if self.target_type == Target.NON_SIDEREAL and cleaned.get("scheme"):
            return f"A target of the scheme {schemes[cleaned['scheme']]}"
        return "A sidereal target" if self.target_type == Target.SIDEREAL else "A non-sidereal target"

    def validate_unique(self) -> None:
        """Show at the name what clashes with it."""
        try:
            self.instance.validate_unique(exclude=self._get_validation_exclusions())
        except ValidationError as error:
            if hasattr(error, "error_dict"):
                self._update_errors(error)
            else:
                self.add_error("name", error)


class SiderealTargetCreateForm(TargetForm):
    """A target fixed on the sky."""

    target_type = Target.SIDEREAL
    ra = CoordinateField(
        parse=parse_ra_deg,
        label="Right ascension",
        help_text="ICRS. Degrees (188.737) or hours, minutes, seconds (12:34:56.7, 12h34m56.7s). A whole"
        " position may be pasted here; a designation such as J123456.7-051530 counts too, also as the name.",
    )
    dec = CoordinateField(
        parse=parse_dec_deg,
        label="Declination",
        help_text="ICRS. Degrees (-5.25) or degrees, minutes, seconds (-05:15:00).",
    )

    class Meta(TargetForm.Meta):
        fields = [
            *TargetForm.Meta.fields,
            "ra",
            "dec",
            "epoch",
            "pm_ra",
            "pm_dec",
            "parallax",
            "distance",
            "distance_err",
        ]

    def __init__(self, data: Any = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(self._spread(data), *args, **kwargs)

    @staticmethod
    def _spread(data: Any) -> Any:
        """Put a position that was pasted into one box, or named, into the two boxes."""
        if not data or data.get("dec", "").strip():
            return data
        try:
            found = typed_position(ra=data.get("ra", ""), dec="", name=data.get("name", ""))
        except ValueError:
            return data  # the field says what is wrong
        if found is None:
            return data
        spread = data.copy()
        spread["ra"], spread["dec"] = f"{found.ra_deg:.9f}", f"{found.dec_deg:.9f}"
        return spread

    fieldsets = (
        ("Name and position", ("name", "ra", "dec")),
        ("Motion and distance", ("epoch", "pm_ra", "pm_dec", "parallax", "distance", "distance_err")),
    )


class NonSiderealTargetCreateForm(TargetForm):
    """A target that moves on an orbit."""

    target_type = Target.NON_SIDEREAL

    class Meta(TargetForm.Meta):
        fields = [
            *TargetForm.Meta.fields,
            "scheme",
            "epoch_of_elements",
            "inclination",
            "lng_asc_node",
            "arg_of_perihelion",
            "eccentricity",
            "mean_anomaly",
            "semimajor_axis",
            "mean_daily_motion",
            "perihdist",
            "epoch_of_perihelion",
            "ephemeris_period",
            "ephemeris_period_err",
            "ephemeris_epoch",
            "ephemeris_epoch_err",
            "abs_mag",
            "slope",
        ]

    fieldsets = (
        ("Name and scheme", ("name", "scheme")),
        (
            "Elements that every scheme needs",
            ("epoch_of_elements", "inclination", "lng_asc_node", "arg_of_perihelion", "eccentricity"),
            "Epochs are MJD; a Julian date is turned into one.",
        ),
        (
            "Place on the orbit",
            ("mean_anomaly", "semimajor_axis", "mean_daily_motion", "perihdist", "epoch_of_perihelion"),
            "A minor planet (MPC) needs mean anomaly and semimajor axis; a major planet (JPL) the mean daily"
            " motion too; a comet (MPC) perihelion distance and epoch of perihelion.",
        ),
        (
            "Brightness and period",
            (
                "abs_mag",
                "slope",
                "ephemeris_period",
                "ephemeris_period_err",
                "ephemeris_epoch",
                "ephemeris_epoch_err",
            ),
        ),
    )

    def clean_epoch_of_elements(self) -> float | None:
        """Take a Julian date for what it is."""
        return self._as_mjd("epoch_of_elements")

    def clean_epoch_of_perihelion(self) -> float | None:
        """Take a Julian date for what it is."""
        return self._as_mjd("epoch_of_perihelion")

    def _as_mjd(self, name: str) -> float | None:
        value = self.cleaned_data.get(name)
        return value - JD_OF_MJD_0 if value is not None and value > 1e6 else value

    def clean_eccentricity(self) -> float | None:
        """Refuse an eccentricity below zero."""
        value = self.cleaned_data.get("eccentricity")
        if value is not None and value < 0:
            raise ValidationError(f"An eccentricity is not negative; {value:g} is.")
        return value


def form_class_for(target_type: str) -> type[TargetForm]:
    """Return the form of a type of target; sidereal for a type that is not known."""
    return NonSiderealTargetCreateForm if target_type == Target.NON_SIDEREAL else SiderealTargetCreateForm


def copied_initial(parameters: Any) -> dict[str, Any]:
    """Return the values that query parameters name for fields of a target and for declared extra fields."""
    names = {field.name for field in Target._meta.get_fields() if getattr(field, "editable", False)}
    names |= {field["name"] for field in conf.extra_fields()}
    names -= _NOT_COPIED | {"id", "basetarget_ptr"}
    return {name: parameters[name] for name in parameters if name in names}


class _BaseNamesFormset(forms.BaseInlineFormSet):
    """Aliases, none of which another target bears."""

    def clean(self) -> None:
        """Refuse an alias that means the target's own name, another alias of the form, or another target."""
        seen = {simplify_name(self.instance.name): "the name of this target"}
        for form in self.forms:
            name = (getattr(form, "cleaned_data", None) or {}).get("name")
            if not name or form.cleaned_data.get("DELETE"):
                continue
            key = simplify_name(name)
            if key in seen:
                form.add_error("name", f"{name} means the same as {seen[key]}.")
            seen.setdefault(key, name)
            other = Target.matches.match_name(name).exclude(pk=self.instance.pk).first()
            if other is not None:
                form.add_error("name", f"{name} is already a name of the target {other.name}.")
        super().clean()  # last: it says less well what clashes


class _BaseExtraFormset(forms.BaseInlineFormSet):
    """Tags: extras that the settings do not declare."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        declared = [field["name"] for field in conf.extra_fields()]
        kwargs["queryset"] = TargetExtra.objects.exclude(key__in=declared).order_by("key")
        super().__init__(*args, **kwargs)

    def add_fields(self, form: Any, index: int | None) -> None:
        """Write a value in one line."""
        super().add_fields(form, index)
        form.fields["value"].widget = forms.TextInput()

    def clean(self) -> None:
        """Refuse a key that occurs twice, or belongs to a declared field or a column of targets."""
        taken = {field["name"] for field in conf.extra_fields()}
        taken |= {field.name for field in Target._meta.get_fields()}
        seen: set[str] = set()
        for form in self.forms:
            key = (getattr(form, "cleaned_data", None) or {}).get("key")
            if not key or form.cleaned_data.get("DELETE"):
                continue
            if key in taken:
                form.add_error("key", f"{key} is a field of targets; fill it in above.")
            elif key in seen:
                form.add_error("key", f"The tag {key} stands here twice.")
            seen.add(key)
        super().clean()


TargetNamesFormset = forms.inlineformset_factory(
    Target, TargetName, fields=("name",), formset=_BaseNamesFormset, extra=2, can_delete=True, max_num=100
)
TargetExtraFormset = forms.inlineformset_factory(
    Target,
    TargetExtra,
    fields=("key", "value"),
    formset=_BaseExtraFormset,
    extra=2,
    can_delete=True,
    max_num=500,
)
