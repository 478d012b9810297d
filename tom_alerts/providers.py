"""Brokers as something that can be queried, by the engine of ``tom_dataservices``."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any, Self

from tom_alerts.alerts import GenericAlert, GenericBroker, alerts_and_feedback
from tom_alerts.registry import brokers
from tom_dataservices.providers import Access, Found, Provider, close_if_possible, number, register_kind
from tom_dataservices.results import (
    KeptTarget,
    give_access_to,
    keep_aliases,
    keep_target,
    noting_new_targets,
)

_SHOWN = ("timestamp", "id", "name", "ra", "dec", "mag", "score", "url")


@register_kind
class BrokerProvider(Provider):
    """A broker."""

    kind = "broker"
    registry = brokers
    form_address = ("alerts:create", "broker")

    @classmethod
    def of(cls, broker: GenericBroker) -> Self:
        """Return the provider of a broker that need not be in the settings."""
        made = cls.__new__(cls)
        made.name, made.user, made.plugin, made.feedback = broker.name, None, type(broker), ""
        return made

    def broker(self) -> Any:
        """Return a new instance of the broker."""
        return self.plugin()

    def picturing_service(self) -> Any:
        """Return the data service that does the work of the broker; None for a broker without."""
        service = getattr(self.plugin, "service", None)
        return service(user=self.user) if isinstance(service, type) else None

    def form_class(self) -> type[Any]:
        """Return the class of the query form."""
        return self.plugin.form

    def find(self, parameters: dict[str, Any]) -> Iterator[Found]:
        """Yield the alerts of the broker as they come; what else it says becomes the feedback."""
        broker = self.broker()
        alerts, self.feedback = alerts_and_feedback(broker.fetch_alerts(copy.deepcopy(parameters)))
        try:
            yield from self._shown(broker, alerts)
        finally:  # also where enough was found
            close_if_possible(alerts)
            self.feedback = str(getattr(broker, "query_feedback", None) or self.feedback)

    def _shown(self, broker: Any, alerts: Iterable[Any]) -> Iterator[Found]:
        for alert in alerts:
            shown = broker.to_generic_alert(alert)
            shown_values = getattr(broker, "shown_values", None)  # what our own table shows besides
            values = dict(shown_values(alert)) if shown_values is not None else {}
            values.update({name: getattr(shown, name, None) for name in _SHOWN})
            yield Found(str(shown.id), str(shown.name), number(shown.ra), number(shown.dec), values, alert)

    def result_page(self, run: Any, rows: Sequence[Any]) -> tuple[Any, dict[str, Any]]:
        """Return the page that the broker brings, or ours, and what it shows."""
        template, context = self.plain_result_page(run, rows)
        context |= self.broker().get_broker_context_data(context["alerts"]) or {}
        own = self.plugin.template_name
        return [*([own] if own else []), template], context

    def plain_result_page(self, run: Any, rows: Sequence[Any]) -> tuple[Any, dict[str, Any]]:
        """Return our own page of results, without what the broker adds."""
        alerts = [GenericAlert(**{name: row.result.values.get(name) for name in _SHOWN}) for row in rows]
        return "tom_alerts/query_result.html", {
            "alerts": alerts,
            "alert_rows": list(zip(alerts, rows, strict=True)),
            "broker": self.name,
            "broker_feedback": run.feedback or run.error,
            "score_description": self.plugin.score_description,
            "too_many_alerts": run.has_more,
        }

    def make_target(self, raw: Any, access: Access) -> KeptTarget:
        """Store the target of an alert, or return the one that is there."""
        broker = self.broker()
        give = partial(give_access_to, user=access.user, groups=access.groups)
        with noting_new_targets(access.permissions, then=give) as new:
            made: Any = broker.to_generic_alert(raw).to_target()
        # Brokers of the first generation return the target alone, some of them stored already.
        target, extras, aliases = made if isinstance(made, tuple) else (made, {}, [])
        if target.pk in new:
            return KeptTarget(target, True, keep_aliases(target, aliases).notes)
        return keep_target(
            target,
            extras=extras,
            aliases=aliases,
            user=access.user,
            groups=access.groups,
            permissions=access.permissions,
            is_known_by_aliases=True,
        )

    def bring_data(self, target: Any, raw: Any) -> int:
        """Store what the broker knows of a target, and return how many rows are new."""
        before = _rows_of(target)
        self.broker().process_reduced_data(target, raw)
        return _rows_of(target) - before


def _rows_of(target: Any) -> int:
    from tom_dataproducts.models import REDUCED_DATUM_MODELS

    return sum(model._default_manager.filter(target=target).count() for model in REDUCED_DATUM_MODELS)
