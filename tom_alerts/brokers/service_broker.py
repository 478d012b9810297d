"""Brokers of the classic interface that sit on a data service: ``ServiceBroker``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

from tom_alerts.alerts import GenericAlert, GenericBroker
from tom_dataservices.data_services.broker import BrokerService, unsaved_target
from tom_dataservices.exceptions import MissingDataException
from tom_dataservices.providers import close_if_possible


@dataclass
class ServiceAlert(GenericAlert):
    """An alert that also knows the extra fields and further names of its object."""

    result: dict[str, Any] = field(default_factory=dict)
    service: BrokerService | None = None

    def to_target(self) -> tuple[Any, dict[str, Any], list[Any]]:
        """Return an unsaved target, its extra fields and its aliases; the service completes the result."""
        result = self.result if self.service is None else self.service.completed(self.result)
        target = unsaved_target(result)
        return target, dict(result.get("extras") or {}), list(result.get("aliases") or [])


class ServiceBroker(GenericBroker):
    """A broker of which `service` does the work: the same queries, results and data on both pages."""

    service: ClassVar[type[BrokerService]]
    gives_regions: ClassVar[bool] = False
    template_name = "tom_alerts/service_results.html"
    score_description = "How sure the broker is of the class, 0 to 1."
    query_feedback: str = ""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Take over what the service says of itself."""
        super().__init_subclass__(**kwargs)
        service = getattr(cls, "service", None)
        if service is not None:
            cls.help_url = service.info_url
            cls.results_valid_s = service.results_valid_s
            cls.gives_regions = bool(getattr(service, "gives_regions", False))

    def get_broker_context_data(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return the table of results that the service has, and what it shows."""
        service = self.service()
        return {
            "service_results_table": service.query_results_table,
            **service.get_additional_context_data(),
        }

    def fetch_alerts(self, parameters: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield what the service finds, as it comes."""
        service = self.service()
        results = service.query_targets(service.build_query_parameters(parameters))
        try:
            yield from results
        finally:
            close_if_possible(results)
            self.query_feedback = service.query_feedback

    def fetch_alert(self, id: Any) -> dict[str, Any] | None:  # noqa: A002  public name
        """Return all that the service knows of one object; None if it knows none."""
        try:
            return self.service().known(str(id)).as_result()
        except MissingDataException:
            return None

    def to_generic_alert(self, alert: dict[str, Any]) -> GenericAlert:
        """Return what pages show of an object."""
        return ServiceAlert(
            timestamp=alert.get("time"),
            id=alert["id"],
            name=alert["name"],
            ra=alert.get("ra"),
            dec=alert.get("dec"),
            mag=alert.get("mag"),
            score=alert.get("score"),
            url=alert.get("url", ""),
            result=alert,
            service=self.service(),
        )

    def shown_values(self, alert: dict[str, Any]) -> dict[str, Any]:
        """Return what the table of results shows besides."""
        return alert

    def to_target(self, alert: dict[str, Any]) -> Any:
        """Store and return the target of an object."""
        return self.service().to_target(alert)

    def process_reduced_data(self, target: Any, alert: Any = None) -> None:
        """Store light curve, further names and classifications of a target.

        Raises
        ------
        MissingDataException
            If the service knows nothing of it.
        """
        service = self.service()
        service.ask_besides(target, alert)
        service.to_reduced_datums(target, service.query_reduced_data(target))
        service.to_aliases(target, service.query_aliases(target=target))
