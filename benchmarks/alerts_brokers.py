"""Ten brokers that ask one stand-in, each below a path of its own; for ``benchmarks.alerts_pages``."""

import os
from typing import Any

from tom_alerts.alerts import GenericAlert, GenericBroker, GenericQueryForm
from tom_common.remote import RemoteService


class _Broker(GenericBroker):
    form = GenericQueryForm
    results_valid_s = 0.0

    def fetch_alerts(self, parameters: dict[str, Any]) -> Any:
        """Ask the stand-in for a hundred alerts."""
        service = RemoteService(self.name, os.environ["BENCH_BROKERS"], tries=1, read_timeout_s=10.0)
        return iter(service.get_json(f"{self.name}/alerts"))

    def to_generic_alert(self, alert: Any) -> GenericAlert:
        """Return what pages show."""
        return GenericAlert(**alert)


for _number in range(10):
    globals()[f"Broker{_number}"] = type(f"Broker{_number}", (_Broker,), {"name": f"Broker{_number}"})
