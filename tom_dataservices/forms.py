"""Forms of queries: the base of every data service's form, and that for the data of one target."""

from __future__ import annotations

from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Layout
from django import forms

from tom_dataservices.models import DataServiceQuery

SAVING_FIELDS = ("query_save", "query_name")


class BaseQueryForm(forms.Form):
    """What a data service wants to know for a query.

    A service adds its fields. The values of the cleaned form have to be plain JSON: they are kept with the
    query.
    """

    query_save = forms.BooleanField(required=False, label="Keep this query")
    query_name = forms.CharField(
        required=False, max_length=500, label="Name", help_text="What it is called among the kept queries."
    )
    data_service = forms.CharField(required=True, max_length=50, widget=forms.HiddenInput())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.layout = self.get_layout()

    def get_layout(self) -> Layout:
        """Return the layout of the long form: all fields but those of the short one and those for keeping."""
        left_out = {*SAVING_FIELDS, *self.simple_fields()}
        return Layout(*(name for name in self.fields if name not in left_out))

    def simple_fields(self) -> list[str]:
        """Return the names of the fields that stand in the short form."""
        return []

    def get_simple_form_partial(self) -> str | None:
        """Return the template of the short form; None for ours."""
        return None

    def get_advanced_form_partial(self) -> str | None:
        """Return the template of the long form; None for ours."""
        return None

    def save(self, query_id: int | None = None) -> DataServiceQuery:
        """Keep the query, or change the kept one of a key, and return it.

        Without a name it is called by its service and its number.
        """
        query = DataServiceQuery() if query_id is None else DataServiceQuery.objects.get(pk=query_id)
        query.data_service = self.cleaned_data["data_service"]
        query.name = self.cleaned_data.get("query_name") or query.name
        query.parameters = self.cleaned_data
        query.save()
        if not query.name:
            query.name = f"{query.data_service} - {query.pk}"
            query.save(update_fields=["name", "modified"])
        return query


class UpdateDataFromDataServiceForm(forms.Form):
    """A target, and the service to ask for its data."""

    target = forms.IntegerField(widget=forms.HiddenInput())
    data_service = forms.CharField(max_length=50, widget=forms.HiddenInput())
