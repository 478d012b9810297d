"""The interface of alert brokers: ``GenericBroker``, its query form, and the alert that pages show."""

from __future__ import annotations

import copy
import logging
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Layout, Submit
from django import forms
from django.core.exceptions import ValidationError
from django.urls import NoReverseMatch, reverse

from tom_alerts.models import BrokerQuery
from tom_alerts.registry import (
    DEFAULT_ALERT_CLASSES,
    UNNAMED,
    get_service_class,
    get_service_classes,
)
from tom_observations.models import ObservationRecord
from tom_targets.models import Target

logger = logging.getLogger(__name__)

__all__ = [
    "DEFAULT_ALERT_CLASSES",
    "GenericAlert",
    "GenericBroker",
    "GenericQueryForm",
    "GenericUpstreamSubmissionForm",
    "get_service_class",
    "get_service_classes",
]


@dataclass
class GenericAlert:
    """What pages show of an alert of any broker; no value is converted.

    Attributes
    ----------
    timestamp : object
        Time of the alert, as the broker writes it.
    id : object
        What the broker knows the alert by.
    name : str
        Name of the object.
    ra, dec : float
        ICRS, deg.
    mag : float
    score : object
        How interesting the broker finds it; see the broker's ``score_description``.
    url : str
        Page of the alert.
    """

    timestamp: Any
    id: Any
    name: str
    ra: Any
    dec: Any
    mag: Any
    score: Any
    url: str

    def to_target(self) -> tuple[Any, dict[str, Any], list[Any]]:
        """Return an unsaved target, its extra fields and its aliases."""
        return Target(name=self.name, type=Target.SIDEREAL, ra=self.ra, dec=self.dec), {}, []


class GenericQueryForm(forms.Form):
    """What a broker wants to know for a query.

    A broker adds its fields; the values of the cleaned form have to be plain JSON.
    """

    query_name = forms.CharField(required=True, max_length=500, label="Name of the query")
    broker = forms.CharField(required=True, max_length=50, widget=forms.HiddenInput())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.add_input(Submit("submit", "Submit"))
        self.common_layout = Layout("query_name", "broker")

    def save(self, query_id: int | None = None) -> BrokerQuery:
        """Keep the query, or change the kept one of a key, and return it."""
        query = BrokerQuery() if query_id is None else BrokerQuery.objects.get(pk=query_id)
        query.name = self.cleaned_data["query_name"]
        query.broker = self.cleaned_data["broker"]
        query.parameters = self.cleaned_data
        query.save()
        return query


class GenericUpstreamSubmissionForm(forms.Form):
    """What is sent to a broker about a target or an observation."""

    target = forms.ModelChoiceField(
        required=False, queryset=Target.objects.none(), widget=forms.HiddenInput()
    )
    observation_record = forms.ModelChoiceField(
        required=False, queryset=ObservationRecord.objects.none(), widget=forms.HiddenInput()
    )
    redirect_url = forms.CharField(required=False, max_length=500, widget=forms.HiddenInput())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        broker_name = kwargs.pop("broker")
        super().__init__(*args, **kwargs)
        self.fields["target"].queryset = Target.objects.all()  # type: ignore[attr-defined]
        self.fields["observation_record"].queryset = (  # type: ignore[attr-defined]
            ObservationRecord.objects.all()
        )
        self.helper = FormHelper()
        try:
            self.helper.form_action = reverse("tom_alerts:submit-alert", kwargs={"broker": broker_name})
        except NoReverseMatch:  # a project without our addresses
            self.helper.form_action = ""
        self.helper.add_input(Submit("submit", "Submit"))

    def clean(self) -> dict[str, Any]:
        """Refuse a form about nothing."""
        cleaned = super().clean() or {}
        if not (cleaned.get("target") or cleaned.get("observation_record")):
            raise ValidationError("Must provide either Target or ObservationRecord to be submitted upstream.")
        return cleaned


class GenericBroker(ABC):
    """A broker of alerts.

    Attributes
    ----------
    name : str
        What it is known by in addresses and kept queries.
    form : type
        Class of the query form.
    alert_submission_form : type
        Class of the form with which something is sent to the broker.
    score_description : str
        What the ``score`` of its alerts means.
    template_name : str or None
        Template of the page of results; ours where it is None.
    help_url : str or None
        Page that describes the broker.
    results_valid_s : float
        Seconds for which an answer is taken as current.
    """

    name: str = UNNAMED
    form: type[Any] | None = None
    alert_submission_form: type[Any] = GenericUpstreamSubmissionForm
    score_description: str = ""
    template_name: str | None = None
    help_url: str | None = None
    results_valid_s: float = 300.0

    @abstractmethod
    def fetch_alerts(self, parameters: dict[str, Any]) -> Any:
        """Ask the broker and return an iterator of alerts, or the pair of it and a text for the user.

        Parameters
        ----------
        parameters : dict
            Cleaned data of the form.
        """

    def fetch_alert(self, id: Any) -> Any:  # noqa: A002  public name
        """Return the alert of an id; None if the broker cannot be asked for one."""
        return None

    @abstractmethod
    def to_generic_alert(self, alert: Any) -> GenericAlert:
        """Return what pages show of an alert."""

    def to_target(self, alert: Any) -> Any:
        """Store and return the target of an alert; None if the broker makes none by itself."""
        return None

    def process_reduced_data(self, target: Any, alert: Any = None) -> Any:
        """Store what the broker knows of a target; asked for it where no alert is given."""
        return None

    def submit_upstream_alert(
        self, target: Any = None, observation_record: Any = None, **kwargs: Any
    ) -> bool | None:
        """Send something about a target or an observation to the broker; tell whether it was taken.

        Raises
        ------
        AlertSubmissionException
            With the broker's reason.
        """
        return None

    def fetch_and_save_all(self, parameters: dict[str, Any]) -> list[Any]:
        """Make targets of all alerts that a query finds, with their data, and return them.

        One of which no target can be made, or whose data do not come, does not keep the others out. For
        programs: nobody gets access to private ones. ``runbrokerquery`` asks for the owner of a kept query.
        """
        from tom_alerts.providers import BrokerProvider
        from tom_dataservices.duplicates import Duplicates
        from tom_dataservices.made_targets import MadeTargets, make_target
        from tom_dataservices.providers import Access

        asked = BrokerProvider.of(self)
        report, duplicates = MadeTargets(), Duplicates.chosen()
        for found in asked.find(copy.deepcopy(parameters)):
            names, place = [found.name], (found.ra_deg, found.dec_deg)
            make_target(asked, found.raw, names, place, Access(), duplicates, report=report)
        for note in report.notes:
            logger.info("%s: %s", self.name, note)
        return list(Target.objects.filter(pk__in=[target.pk for target in report.all]).order_by("pk"))

    def get_broker_context_data(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return what the page of results shows besides; called with the alerts."""
        return {}


def alerts_and_feedback(answer: Any) -> tuple[Iterable[Any], str]:
    """Return the alerts and the text of what `GenericBroker.fetch_alerts` returned, in either form."""
    if isinstance(answer, tuple) and len(answer) == 2 and isinstance(answer[1], str | None):
        return answer[0] or (), answer[1] or ""
    return answer or (), ""
