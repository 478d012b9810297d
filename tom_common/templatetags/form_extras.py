"""Tags that render any Django form in the markup of our pages; used by ``tom_common/partials/form*.html``."""

from dataclasses import dataclass, field
from typing import Any

from django import forms, template
from django.forms import BaseForm, BoundField
from django.forms.utils import flatatt
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

_OPTION_LISTS = (forms.RadioSelect, forms.CheckboxSelectMultiple)


@dataclass
class FieldGroup:
    """Fields of a form that stand under one heading."""

    heading: str = ""
    help_text: str = ""
    fields: list[BoundField] = field(default_factory=list)


@dataclass(frozen=True)
class FormError:
    """One error as the summary on top of a form shows it."""

    anchor: str
    label: str
    message: str


def field_groups(form: BaseForm) -> list[FieldGroup]:
    """Return the visible fields of a form in the groups that it names.

    Parameters
    ----------
    form : Form
        It may have an attribute ``fieldsets``: a sequence of ``(heading, field names)`` or
        ``(heading, field names, help text)``. Names that the form lacks are passed over; fields that no group
        names follow in a last group without heading, but those of an attribute ``on_top``, which the page
        shows itself.
    """
    on_top = getattr(form, "on_top", ())
    visible = {bound.name: bound for bound in form.visible_fields() if bound.name not in on_top}
    groups = []
    for heading, names, *help_text in getattr(form, "fieldsets", ()):
        fields = [visible.pop(name) for name in names if name in visible]
        if fields:
            groups.append(FieldGroup(heading, help_text[0] if help_text else "", fields))
    if visible:
        groups.append(FieldGroup(fields=list(visible.values())))
    return groups


def form_errors(form: BaseForm | forms.BaseFormSet) -> list[FormError]:
    """Return every error of a form, or of a formset, in the order of the fields, with the anchor to jump to.

    A form may have an attribute ``formsets``; their errors follow its own.
    """
    if isinstance(form, forms.BaseFormSet):
        found = [FormError("", "", message) for message in form.non_form_errors()]
        return found + [error for inner in form.forms for error in form_errors(inner)]
    found = [FormError("", "", message) for message in form.non_field_errors()]
    for bound in form:
        anchor = "" if bound.is_hidden else anchor_of(bound)
        found += [FormError(anchor, bound.label, message) for message in bound.errors]
    return found + [error for formset in getattr(form, "formsets", ()) for error in form_errors(formset)]


def anchor_of(bound: BoundField) -> str:
    """Return the id of the element that has the focus when a field is jumped to."""
    if isinstance(bound.field.widget, _OPTION_LISTS):
        return bound.auto_id
    return bound.id_for_label or bound.auto_id


@register.inclusion_tag("tom_common/partials/form_errors.html")
def error_summary(form: Any) -> dict[str, Any]:
    """Show how many fields need a correction, with a link to each; nothing where there is no error.

    Parameters
    ----------
    form : Form or FormSet
    """
    return {"errors": form_errors(form)}


@register.inclusion_tag("tom_common/partials/form_fields.html")
def form_fields(form: BaseForm) -> dict[str, Any]:
    """Show the fields of a form in its groups, without the ``<form>`` element, followed by its formsets."""
    return {"form": form, "groups": field_groups(form), "formsets": getattr(form, "formsets", ())}


@register.inclusion_tag("tom_common/partials/form_field.html")
def form_field(bound: BoundField) -> dict[str, Any]:
    """Show one field: label, control, help and errors."""
    widget = bound.field.widget
    kind = "control"
    if isinstance(widget, forms.CheckboxInput):
        kind = "checkbox"
    elif isinstance(widget, _OPTION_LISTS):
        kind = "options"
    return {
        "field": bound,
        "kind": kind,
        "options": _options(bound) if kind == "options" else [],
        "described_by": _described_by(bound),
    }


@register.simple_tag
def form_control(bound: BoundField) -> SafeString:
    """Render the control of a field with the class that its kind has on our pages."""
    widget = bound.field.widget
    if isinstance(widget, forms.CheckboxInput):
        css = "form-check-input"
    elif isinstance(widget, forms.Select):
        css = "form-select"
    else:
        css = "form-control"
    classes = [*widget.attrs.get("class", "").split(), css, *(["is-invalid"] if bound.errors else [])]
    return bound.as_widget(attrs={"class": " ".join(dict.fromkeys(classes))})


def _described_by(bound: BoundField) -> str:
    ids = [f"{bound.auto_id}_helptext"] if bound.help_text else []
    return " ".join(ids + ([f"{bound.auto_id}_error"] if bound.errors else []))


def _options(bound: BoundField) -> list[SafeString]:
    """Render the check boxes or radio buttons of a field, one item an option."""
    rendered = []
    for subwidget in bound.subwidgets:
        data = subwidget.data
        attrs = {
            **data["attrs"],
            "type": data["type"],
            "name": data["name"],
            "value": data["value"],
            "class": "form-check-input" + (" is-invalid" if bound.errors else ""),
        }
        rendered.append(
            format_html(
                '<div class="form-check"><input{}>'
                '<label class="form-check-label text-break" for="{}">{}</label></div>',
                flatatt(attrs),
                data["attrs"].get("id", ""),
                data["label"],
            )
        )
    return rendered
