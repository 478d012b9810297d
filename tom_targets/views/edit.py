"""Pages that add and edit a target."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.loader import get_template
from django.utils.html import format_html
from django.utils.safestring import mark_safe
from django.views import View
from django.views.generic import CreateView, UpdateView

from tom_targets import conf, facts, selectors, services
from tom_targets.forms import TargetExtraFormset, TargetNamesFormset, form_class_for
from tom_targets.forms.targets import copied_initial
from tom_targets.models import Target
from tom_targets.signals import target_added
from tom_targets.sky_search import cone
from tom_targets.sparklines import sparklines_for
from tom_targets.typed_position import typed_position
from tom_targets.views.mixins import LoginMixin, MayCreateMixin, TargetActionMixin

_NEAR_ARCSEC = 5.0  # what is typed by hand is rougher than what comes from a catalogue


class _TargetFormMixin:
    """Keeps form, aliases and tags together: all valid or none stored."""

    model = Target
    template_name = "tom_targets/target_form.html"
    context_object_name = "target"

    def get_form_kwargs(self):
        return {**super().get_form_kwargs(), "user": self.request.user}

    def get_form(self, form_class=None):
        form = super().get_form(form_class)
        if "dec" in form.fields:
            live = get_template("tom_targets/partials/understood_position.html")
            form.fields["dec"].help_text = format_html(
                "{}{}",
                form.fields["dec"].help_text,
                mark_safe(live.render(self.get_understood(form))),  # noqa: S308
            )
        return form

    def get_understood(self, form):
        """Return what the live line under the position starts with: what was understood, after a check."""
        text = ""
        if "check" in self.request.POST:
            text = understood_text(self.request.user, self.request.POST, own_pk=form.instance.pk)
        return {"pk": form.instance.pk, "understood": text}

    def get_names_formset(self, instance):
        data = self.request.POST if self.request.method == "POST" else None
        initial = self.get_names_initial() if data is None else None
        formset = TargetNamesFormset(data, instance=instance, initial=initial)
        if initial:
            formset.extra += len(initial)
        return formset

    def get_names_initial(self):
        return []

    def get_extra_formset(self, instance):
        data = self.request.POST if self.request.method == "POST" else None
        initial = self.get_extras_initial() if data is None else None
        formset = TargetExtraFormset(data, instance=instance, initial=initial)
        if initial:
            formset.extra += len(initial)
        return formset

    def get_extras_initial(self):
        return []

    def post(self, request, *args, **kwargs):
        self.object = self.get_form_object()
        form = self.get_form()
        is_valid = form.is_valid()
        formsets = [self.get_names_formset(form.instance), self.get_extra_formset(form.instance)]
        is_valid = all([formset.is_valid() for formset in formsets]) and is_valid
        if is_valid and "check" not in request.POST:
            near = self.near_targets(form, formsets)
            if near:
                context = self.get_context_data(form=form, formsets=formsets, near_targets=near)
                return self.render_to_response(context)
            try:
                return self.store(form, formsets)
            except IntegrityError:  # two people added the same name at the same moment
                form.add_error("name", "Another target got this name just now.")
        return self.render_to_response(self.get_context_data(form=form, formsets=formsets))

    def near_targets(self, form, formsets):
        """Return stored targets that may be the same, to be shown before anything is stored."""
        return []

    def store(self, form, formsets):
        self.object = services.store_target(form, formsets, user=self.request.user)
        return self.form_valid(form)

    def form_valid(self, form):
        messages.success(self.request, format_html(self.said, self.object.name))
        if selectors.visible_targets(self.request.user).filter(pk=self.object.pk).exists():
            return redirect(self.object.get_absolute_url())
        return redirect("targets:list")

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        form = context["form"]
        names, extras = context.get("formsets") or [
            self.get_names_formset(form.instance),
            self.get_extra_formset(form.instance),
        ]
        context.update(
            names_form=names,
            extra_form=extras,
            all_forms=[form, names, extras],
        )
        return context


def _names_in(formset):
    """Return the names typed into the rows of a valid formset."""
    rows = (row.cleaned_data for row in formset.forms if hasattr(row, "cleaned_data"))
    return [row["name"] for row in rows if row.get("name") and not row.get("DELETE")]


class TargetCreateView(MayCreateMixin, _TargetFormMixin, CreateView):
    """Adds a target; any field may be filled in by the address."""

    said = "{} was added."

    def near_targets(self, form, formsets):
        if self.request.POST.get("near"):
            return []
        near = selectors.targets_near(self.request.user, form.instance, within_arcsec=_NEAR_ARCSEC)
        curves = sparklines_for(target.pk for target in near)
        for target in near:
            target.curve = curves.get(target.pk, "")
        return near

    def store(self, form, formsets):
        chosen = self.request.POST.get("near", "")
        if chosen.isdecimal() and len(chosen) < 19:
            return self.add_names(int(chosen), [form.instance.name, *_names_in(formsets[0])])
        answer = super().store(form, formsets)
        target_added.send(sender=type(self.object), target=self.object, request=self.request)
        return answer

    def add_names(self, pk, names):
        """Take what was typed for further names of a target that is here already."""
        target, allowed = selectors.target_or_404(self.request.user, pk, "change_target")
        if not allowed:
            raise PermissionDenied("You may see this target, but not change it.")
        try:
            added = services.add_aliases(target, names, user=self.request.user)
        except ValidationError as error:
            messages.error(self.request, " ".join(error.messages))
        else:
            messages.success(
                self.request, f"{', '.join(added) or 'Nothing'} was added to the names of {target.name}."
            )
        return redirect(target.get_absolute_url())

    def get_form_object(self):
        return None

    def get_default_target_type(self):
        return conf.default_target_type()

    def get_target_type(self):
        data = self.request.POST if self.request.method == "POST" else self.request.GET
        wanted = data.get("type") or self.get_default_target_type()
        return wanted if wanted in dict(Target.TARGET_TYPES) else self.get_default_target_type()

    def get_form_class(self):
        return form_class_for(self.get_target_type())

    def get_initial(self):
        return {
            "permissions": conf.default_target_permission(),
            "groups": self.request.GET.getlist("groups"),
            **copied_initial({**self.extras_of_address(declared=True), **self.request.GET.dict()}),
            "type": self.get_target_type(),
        }

    def get_names_initial(self):
        names = self.request.GET.get("names", "").split(",")
        return [{"name": name.strip()} for name in names if name.strip()]

    def get_extras_initial(self):
        return [{"key": key, "value": value} for key, value in self.extras_of_address(declared=False).items()]

    def extras_of_address(self, *, declared):
        """Return what the address says of extra fields: of those that are declared, or of tags."""
        names = {field["name"] for field in conf.extra_fields()}
        given = {key[6:]: value for key, value in self.request.GET.items() if key.startswith("extra-")}
        return {key: value for key, value in given.items() if value and (key in names) == declared}

    def get_context_data(self, **kwargs):
        kept = self.request.GET.copy()
        kept.pop("type", None)
        return super().get_context_data(
            type_choices=Target.TARGET_TYPES,
            target_type=self.get_target_type(),
            other_query=kept.urlencode(),
            **kwargs,
        )


class TargetUpdateView(TargetActionMixin, _TargetFormMixin, UpdateView):
    """Edits a target."""

    said = "{} was saved."
    target_action = "change_target"

    def get_form_object(self):
        return self.target

    def get_form_class(self):
        return form_class_for(self.target.type)


class UnderstoodPositionView(LoginMixin, View):
    """Says, while somebody types, how a position is understood and which target is already there."""

    def get(self, request):
        own_pk = request.GET.get("pk", "")
        own_pk = int(own_pk) if own_pk.isdecimal() and len(own_pk) < 19 else None
        return HttpResponse(understood_text(request.user, request.GET, own_pk=own_pk))


def understood_text(user, data, *, own_pk=None):
    """Say how a typed position is understood, and which target that the user may see is already there."""
    try:
        found = typed_position(ra=data.get("ra", ""), dec=data.get("dec", ""), name=data.get("name", ""))
    except ValueError as error:
        return format_html('<span class="text-danger">Not understood: {}.</span>', error)
    if found is None:
        return ""
    near = cone(
        selectors.visible_targets(user),
        ra_deg=found.ra_deg,
        dec_deg=found.dec_deg,
        radius_arcsec=_NEAR_ARCSEC,
    )
    shown = format_html(
        "Understood{}: {}.",
        f" {found.remark}" if found.remark else "",
        facts.understood_position(found.ra_deg, found.dec_deg),
    )
    for target in near.exclude(pk=own_pk).order_by("separation")[:1]:
        shown += format_html(
            ' <strong>{}″ from <a href="{}">{}</a>, which is here already.</strong>',
            f"{target.separation * 3600:.1f}",
            target.get_absolute_url(),
            target.name,
        )
    return shown
