"""Tables that htmx sorts, filters and pages without a new page; public names for plugins (django-tables2).

Our own lists are plain templates with keyset pages; this module serves the pages that plugins bring along.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import django_filters
import django_tables2 as tables
from crispy_forms.helper import FormHelper
from crispy_forms.layout import HTML, Layout
from django import forms
from django.db.models import BinaryField, Case, Model, Q, QuerySet, When
from django_filters import rest_framework as rest_filters
from django_tables2.views import SingleTableMixin

from tom_common import conf
from tom_common.hooks import import_method

htmx_attributes = {
    "hx-get": "",
    "hx-trigger": "change",
    "hx-target": "div.table-container",
    "hx-swap": "innerHTML",
    "hx-indicator": ".progress",
    "hx-include": "closest form",
}
htmx_attributes_instant = {**htmx_attributes, "hx-trigger": "change"}
htmx_attributes_onenter = {**htmx_attributes, "hx-trigger": "keyup[keyCode==13]"}
htmx_attributes_delayed = {
    **htmx_attributes,
    "hx-trigger": "input changed delay:200ms",
    "hx-sync": "this:replace",
}


class HTMXTable(tables.Table):
    """Table whose head and pages are fetched by htmx, with a check box in each row.

    A subclass sets ``selection = None`` to have no check boxes.
    """

    partial_template_name = "tom_common/partials/htmx_table_partial.html"

    selection = tables.CheckBoxColumn(
        accessor="pk",
        attrs={
            "input": {"name": "selected-row", "form": "grouping-form"},
            "th": {"class": "header-checkbox"},
            "th__input": {"class": "header-checkbox", "aria-label": "Select all rows of this page"},
        },
    )

    class Meta:
        template_name = "tom_common/bootstrap_htmx.html"
        attrs = {
            "class": "table table-striped table-hover table-sm",
            "hx-include": "#filter-form",
            "hx-target": "div.table-container",
            "hx-swap": "innerHTML",
            "hx-boost": "true",
        }

    @classmethod
    def get_partial_template_name(cls) -> str:
        """Return the template that htmx is answered with."""
        return cls.partial_template_name

    @staticmethod
    def model_property_ordering(
        queryset: QuerySet, is_descending: bool, model_property: str
    ) -> tuple[QuerySet, bool]:
        """Sort a queryset by a Python property, for ``order_<column>`` methods.

        Every row is loaded: for short lists. Rows without a value come last.

        Returns
        -------
        (QuerySet, bool)
            As django-tables2 asks of ``order_<column>``.
        """
        values = [(getattr(row, model_property), row.pk) for row in queryset]
        known = sorted((pair for pair in values if pair[0] is not None), reverse=is_descending)
        ordered = [pk for _, pk in known] + [pk for value, pk in values if value is None]
        if not ordered:
            return queryset, True
        place = Case(*(When(pk=pk, then=number) for number, pk in enumerate(ordered)))
        return queryset.order_by(place), True


def containment_search(queryset: QuerySet, name: str, value: str) -> QuerySet:
    """Return the rows of which any column contains a text, in whatever case."""
    condition = Q()
    for field in queryset.model._meta.concrete_fields:
        if not field.is_relation and not isinstance(field, BinaryField):
            condition |= Q(**{f"{field.name}__icontains": value})
    return queryset.filter(condition)


class HTMXTableFilterSet(rest_filters.FilterSet):
    """Filters above an `HTMXTable`: a search over everything, and the fields of ``Meta`` folded away."""

    query = django_filters.CharFilter(
        method="general_search",
        label="General search",
        widget=forms.TextInput(attrs={**htmx_attributes_delayed, "type": "search"}),
    )

    _laid_out_form: forms.Form | None = None

    class Meta:
        abstract = True

    def general_search(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        """Search for the text of the field ``query``."""
        return self.get_general_search_function()(queryset, name, value) if value else queryset

    def get_general_search_function(self) -> Callable[[QuerySet, str, str], QuerySet]:
        """Return the project's search function for the model, or `containment_search`."""
        model: type[Model] | None = self.queryset.model if self.queryset is not None else self._meta.model
        path = conf.general_search_functions().get(model._meta.label) if model else None
        return import_method(path) if path else containment_search

    @property
    def form(self) -> forms.Form:
        """The form of the filters, with its layout for crispy-forms."""
        form = super().form
        if self._laid_out_form is not form:  # django-filter attaches a helper of its own
            form.helper = self._helper(form)
            self._laid_out_form = form
        return form

    def _helper(self, form: forms.Form) -> FormHelper:
        helper = FormHelper()
        helper.form_tag = False
        helper.disable_csrf = True
        others = [name for name in form.fields if name != "query"]
        parts: list[Any] = ["query"] if "query" in form.fields else []
        if others:
            parts += [
                HTML('<details id="advancedFilters" class="mb-3"><summary>Advanced filters</summary>'),
                *others,
                HTML("</details>"),
            ]
        helper.layout = Layout(*parts)
        return helper


class HTMXTableViewMixin(SingleTableMixin):
    """View of an `HTMXTable`: htmx gets the table alone, everybody else the page."""

    def get_template_names(self) -> list[str]:
        """Return the table's own template for a request of htmx."""
        if getattr(self.request, "htmx", False):
            return [self.get_table_class().partial_template_name]
        return super().get_template_names()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the number of rows found, and whether there are any at all."""
        context = super().get_context_data(**kwargs)
        table = context[self.get_context_table_name(context.get("table"))]
        paginator = getattr(table, "paginator", None) or context.get("paginator")
        context["record_count"] = paginator.count if paginator is not None else len(table.rows)
        model = getattr(self, "model", None)
        context["empty_database"] = model is not None and not model._default_manager.exists()
        return context
