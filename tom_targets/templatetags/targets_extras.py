"""Tags of targets, for our pages and for those of plugins and projects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import template
from django.template import Context
from django.template.loader import get_template
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import slugify

from tom_common import contributions
from tom_common.astro.angles import dec_to_dms, ra_to_hms
from tom_common.astro.time import datetime_to_mjd_utc
from tom_common.astro.visibility import altitude_of_airmass
from tom_common.plan_chart import moon_chart, plan_chart
from tom_common.sparkline import sparkline_svg
from tom_common.templatetags.tom_common_extras import show_individual_app_partial, shown_parts
from tom_targets import conf, facts, section_contexts, selectors
from tom_targets.bodies import bodies_of
from tom_targets.forms.merge import TargetMergeForm
from tom_targets.forms.plan import PlanForm
from tom_targets.permissions import may
from tom_targets.ports import observing_desk
from tom_targets.sections import Section, all_sections
from tom_targets.sharing_port import has_sharing_gateway, sharing_gateway
from tom_targets.sky_contexts import distribution_context, sky_context
from tom_targets.summaries import summary_of
from tom_targets.tables import summary_label

register = template.Library()


@dataclass(frozen=True)
class ShownSection:
    """A section with its markup."""

    id: str
    label: str
    html: SafeString


# --- sections of the page of a target


@register.simple_tag(takes_context=True)
def page_sections(context: Context) -> list[ShownSection]:
    """Sections of the page: an empty place for what loads later, nothing for what has nothing to show."""
    opened = context.get("open_section", "")
    shown = []
    for section in context.get("sections") or all_sections():
        if section.is_lazy and section.id != opened:
            html = _frame(context, section, is_open=False)
        else:
            body = _body(context, section)
            if body is None:
                continue
            html = _frame(context, section, is_open=True, body=body)
        shown.append(ShownSection(section.id, section.label, html))
    return shown


@register.simple_tag(takes_context=True)
def one_section(context: Context, section: Section) -> SafeString:
    """One section with its content; it says so where there is nothing to show."""
    body = _body(context, section)
    if body is None:
        body = SafeString('<p class="text-body-secondary">There is nothing to show here now.</p>')
    return _frame(context, section, is_open=True, body=body)


def _body(context: Context, section: Section) -> SafeString | None:
    found = contributions.part_context(section.part, context)
    if found is None:
        return None
    return show_individual_app_partial(context, {"partial": section.part.partial, "context": found})


def _frame(context: Context, section: Section, **values: Any) -> SafeString:
    frame = get_template("tom_targets/partials/section.html").template
    with context.push(section=section, **values):
        return mark_safe(frame.render(context))  # noqa: S308  a template escapes by itself


def _tabs(context: Context) -> list[dict[str, Any]]:
    """Return the tabs of plugins with their contexts, computed once a request."""
    kept = context.render_context.get("tom_targets_tabs")
    if kept is None:
        parts = contributions.target_detail_tabs()
        kept = [
            {
                "partial": part.partial,
                "context": found,
                "label": part.label,
                "tab_id": slugify(part.label),
            }
            for part in parts
            if (found := contributions.part_context(part, context)) is not None
        ]
        context.render_context["tom_targets_tabs"] = kept
    return kept


@register.inclusion_tag("tom_targets/partials/target_merge_fields.html")
def target_merge_fields(target1: Any, target2: Any) -> dict[str, Any]:
    """Table of what differs between two targets, with a choice for each; for the page that merges them."""
    targets = [target1, target2]
    return {"targets": targets, "form": TargetMergeForm(targets=targets)}


@register.inclusion_tag("tom_targets/partials/app_tabs.html", takes_context=True)
def include_app_tabs(context: Context) -> dict[str, Any]:
    """Heads of the tabs of plugins, for a project's own page of a target."""
    return {"target_tabs_to_display": _tabs(context)}


@register.inclusion_tag("tom_targets/partials/app_tab_divs.html", takes_context=True)
def include_app_tab_divs(context: Context) -> Context:
    """Panes of the tabs of plugins, for a project's own page of a target."""
    context["target_tabs_to_display"] = _tabs(context)
    return context


@register.inclusion_tag("tom_targets/partials/module_buttons.html", takes_context=True)
def get_buttons(context: Context) -> Context:
    """Buttons of plugins."""
    context["target_buttons_to_display"] = shown_parts(contributions.target_detail_buttons(), context)
    return context


# --- one target


@register.inclusion_tag("tom_targets/partials/target_buttons.html", takes_context=True)
def target_buttons(context: Context, target: Any) -> Context:
    """Edit, access and delete as far as the user may, and the buttons of plugins."""
    user = getattr(context.get("request"), "user", None) or context.get("user")
    for name in ("change", "delete"):
        key, known = f"may_{name}", getattr(target, f"may_{name}_target", None)
        context[key] = may(user, f"{name}_target", target) if known is None else known
    context["target"] = target
    context["can_share"] = can_share()
    return context


@register.simple_tag
def can_share() -> bool:
    """Whether the settings know another TOM with which can be shared."""
    return has_sharing_gateway() and bool(sharing_gateway().destinations())


@register.inclusion_tag("tom_targets/partials/target_data.html", takes_context=True)
def target_data(context: Context, target: Any) -> dict[str, Any]:
    """Facts of a target with their units, and its extra fields; elsewhere than on its page tags too."""
    if context.get("facts") is not None and context.get("target") == target:
        return {"target": target, "facts": context["facts"], "extra_fields": context["extra_fields"]}
    extra_fields, tags = selectors.split_extras(target)
    return {
        "target": target,
        "facts": facts.target_facts(target),
        "extra_fields": extra_fields,
        "tags": tags,
        "aliases": [alias.name for alias in target.aliases.all()],
        "with_tags": True,
    }


@register.inclusion_tag("tom_targets/partials/target_feature.html")
def target_feature(target: Any) -> dict[str, Any]:
    """The data product that stands for the target, if it has a picture."""
    return {"target": target, "featured": target.featured_image()}


@register.inclusion_tag("tom_targets/partials/aladin_finderchart.html")
def aladin_finderchart(target: Any) -> dict[str, Any]:
    """Buttons that open survey images of the sky around a target, and its finder chart."""
    return sky_context(target)


register.inclusion_tag("tom_targets/partials/aladin_finderchart.html", name="aladin")(aladin_finderchart)


@register.inclusion_tag("tom_targets/partials/target_unknown_statuses.html")
def target_unknown_statuses(target: Any) -> dict[str, Any]:
    """Warning where the status of observations of the target is not known."""
    return {
        "target": target,
        "num_unknown_statuses": target.observationrecord_set.filter(status="").count(),
    }


@register.inclusion_tag("tom_targets/partials/target_groups.html", takes_context=True)
def target_groups(context: Context, target: Any) -> dict[str, Any]:
    """Lists on which the target is, and a form that puts it on more."""
    found = section_contexts.lists({"request": context["request"], "target": target}) or {}
    return {"target": target, "csrf_token": context.get("csrf_token"), **found}


@register.filter
def target_extra_field(target: Any, name: str) -> Any:
    """Value of an extra field or tag of a target, None without one."""
    extra = next((extra for extra in target.targetextra_set.all() if extra.key == name), None)
    if extra is None:
        return None
    declared = {field["name"]: field["type"] for field in conf.extra_fields()}
    return extra.typed_value(declared[name]) if name in declared else extra.value


@register.filter
def deg_to_sexigesimal(value: Any, fmt: str) -> str:
    """Degrees as ``hms`` (hours, three decimals of the seconds) or ``dms`` (signed degrees, two decimals)."""
    if value in (None, ""):
        return ""
    if fmt == "hms":
        return ra_to_hms(float(value))
    if fmt == "dms":
        return dec_to_dms(float(value))
    return f"fmt must be 'hms' or 'dms', not {fmt!r}"


@register.simple_tag
def extra_form_field(form: Any, name: str) -> Any:
    """Field of a form for an entry of ``EXTRA_FIELDS``.

    Raises
    ------
    AttributeError
        If the settings declare no such extra field.
    """
    if name not in {field["name"] for field in conf.extra_fields()}:
        raise AttributeError(f"EXTRA_FIELDS declares no field {name!r}")
    return form[name]


# --- many targets


@register.filter
def sparkline(target: Any) -> SafeString:
    """The small light curve of a target that was fetched with its summary; nothing for others, no query."""
    summary = summary_of(target)
    return SafeString("") if summary is None else sparkline_svg(summary.points, label=summary_label(summary))


@register.inclusion_tag("tom_targets/partials/recent_targets.html", takes_context=True)
def recent_targets(context: Context, limit: int = 10) -> dict[str, Any]:
    """Targets added last, of those that the user may see."""
    return {"targets": selectors.newest_targets(context["request"].user, limit)}


@register.inclusion_tag("tom_targets/partials/recently_updated_targets.html", takes_context=True)
def recently_updated_targets(context: Context, limit: int = 10) -> dict[str, Any]:
    """Targets changed last, of those that the user may see."""
    return {"targets": selectors.recently_changed_targets(context["request"].user, limit)}


@register.inclusion_tag("tom_targets/partials/target_table.html", takes_context=True)
def target_table(context: Context, targets: Any, all_checked: bool = False) -> dict[str, Any]:
    """Table of targets with check boxes named ``selected-target``."""
    rows = list(targets)
    table = selectors.target_table(
        rows, conf.list_columns(), selected=[target.pk for target in rows] if all_checked else ()
    )
    return {"table": table, "targets": rows, "request": context.get("request")}


@register.inclusion_tag("tom_targets/partials/aladin_skymap.html")
def aladin_skymap(targets: Any) -> dict[str, Any]:
    """Map of the whole sky with some targets: a queryset, or rows with ``ra`` and ``dec``."""
    return distribution_context(targets)


register.inclusion_tag("tom_targets/partials/aladin_skymap.html", name="target_distribution")(aladin_skymap)


@register.inclusion_tag("tom_targets/partials/aladin_skymap.html")
def aladin_skymap_targets_oob(targets: Any) -> dict[str, Any]:
    """The same map, in an answer to htmx: it takes the place of the one on the page."""
    return {**distribution_context(targets), "out_of_band": True}


@register.simple_tag
def target_table_row(target: Any) -> list[str]:
    """Values of a target for the columns that ``TARGET_LIST_COLUMNS`` names."""
    return [cell.html for cell in selectors.target_table([target], conf.list_columns()).rows[0].cells]


# --- the sky above


@register.inclusion_tag("tom_targets/partials/target_plan.html", takes_context=True)
def target_plan(
    context: Context,
    fast_render: bool = False,
    width: int | None = 600,
    height: int | None = 400,
    background: str | None = None,
    label_color: str | None = None,
    grid: bool = True,
) -> dict[str, Any]:
    """Form for times and airmass, and the altitudes of the page's target then.

    The chart is quick to draw and follows the page in size and colours, so that none of the arguments counts.
    """
    request, target = context["request"], context["object"] if "object" in context else context["target"]
    form = PlanForm(request.GET, now=timezone.now())
    found: dict[str, Any] = {"request": request, "target": target, "form": form, "plan": None}
    bodies = bodies_of([target])
    sites = list(observing_desk().usual_sites(request.user))
    if not form.is_valid() or not sites or bodies.order[0] < 0:
        return found
    limit = form.cleaned_data["airmass"]
    found["plan"] = plan_chart(
        bodies,
        target.name,
        sites,
        begin_mjd=datetime_to_mjd_utc(form.cleaned_data["start_time"]),
        end_mjd=datetime_to_mjd_utc(form.cleaned_data["end_time"]),
        min_altitude_deg=altitude_of_airmass(float(limit)) if limit else None,
    )
    return found


@register.inclusion_tag("tom_targets/partials/moon_distance.html")
def moon_distance(
    target: Any,
    day_range: int = 30,
    width: int | None = 600,
    height: int | None = 400,
    background: str | None = None,
    label_color: str | None = None,
    grid: bool = True,
) -> dict[str, Any]:
    """Distance of the Moon from a target, and how full it is, in the coming days; size follows the page."""
    bodies = bodies_of([target])
    chart = None
    if bodies.order[0] >= 0:
        begin = datetime_to_mjd_utc(timezone.now())
        chart = moon_chart(bodies, target.name, begin_mjd=begin, days=min(max(int(day_range), 1), 400))
    return {"target": target, "chart": chart}
