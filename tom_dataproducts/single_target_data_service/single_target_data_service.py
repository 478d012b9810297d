"""What a single-target data service offers: a form, and a query that brings a file with data of one target.

Those of ``SINGLE_TARGET_DATA_SERVICES`` show up on the page of each target. A service of one's own extends
`BaseSingleTargetDataService` and `BaseSingleTargetDataServiceQueryForm`; see
``docs/how-to/ask-data-services.md``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Layout
from django import forms

from tom_dataproducts.single_target_data_service.registry import service_class, service_classes


class SingleTargetDataServiceException(Exception):  # noqa: N818  public name
    """A query cannot be made or did not succeed; the text is shown to the user on the form."""


def get_service_classes() -> dict[str, type[BaseSingleTargetDataService]]:
    """Return the services of the settings by their names; those that cannot be imported are left out."""
    return service_classes()


def get_service_class(name: str) -> type[BaseSingleTargetDataService]:
    """Return the service with a name.

    Raises
    ------
    ImportError
        If the settings name no usable service with this name.
    """
    return service_class(name)


class BaseSingleTargetDataServiceQueryForm(forms.Form):
    """What a user says when asking a service about a target; extend it by fields and `layout`.

    A form that gives no layout is shown like all forms of the TOM: one field below the other.
    """

    service = forms.CharField(required=True, max_length=50, widget=forms.HiddenInput())
    target_id = forms.IntegerField(required=True, widget=forms.HiddenInput())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.common_layout = Layout("service", "target_id")
        self.helper = FormHelper(self)
        self.helper.form_tag = False
        self.helper.disable_csrf = True  # the page has written it
        layout, buttons = self.layout(), self.button_layout()
        self.has_own_layout = layout is not None
        self.has_own_buttons = buttons is not None
        parts = [part for part in (self.common_layout, layout, buttons) if part is not None]
        self.helper.layout = Layout(*parts)

    def layout(self) -> Any:
        """Return the fields as a layout of crispy-forms, without the common ones; None for the usual one."""
        return None

    def button_layout(self) -> Any:
        """Return the buttons as a layout of crispy-forms; None for the usual one of the page."""
        return None


class BaseSingleTargetDataService(ABC):
    """A service that is asked about one target at a time."""

    name = "BaseSingleTargetDataService"
    info_url: str | None = None
    service_notes: str | None = None
    data_service_type = "Forced Photometry"
    user: Any = None
    """Who asks, set before `query_service` is called; None where a program asks."""
    runs_in_page: bool = False
    """Whether `query_service` is called while the page waits, instead of in the background."""

    @abstractmethod
    def query_service(self, query_parameters: dict[str, Any]) -> Any:
        """Ask the service, store its answer as a data product and run the processor; or see to it later.

        Parameters
        ----------
        query_parameters : dict
            Cleaned data of the form.

        Raises
        ------
        SingleTargetDataServiceException
            If that fails; the text is shown to the user.
        """

    @abstractmethod
    def get_form(self) -> type[BaseSingleTargetDataServiceQueryForm]:
        """Return the class of the form."""

    @abstractmethod
    def validate_form(self, query_parameters: dict[str, Any]) -> Any:
        """Look whether the service would take a query, without making it."""

    @abstractmethod
    def get_success_message(self) -> str:
        """Return what the user reads once the query is made or on its way."""

    @abstractmethod
    def get_data_product_type(self) -> str:
        """Return the key of ``DATA_PRODUCT_TYPES`` of the file that comes."""

    def get_context_data(self) -> dict[str, Any]:
        """Return what the page of the form shows besides it."""
        return {
            "info_url": self.info_url,
            "service_notes": self.service_notes,
            "data_service_type": self.data_service_type,
        }
