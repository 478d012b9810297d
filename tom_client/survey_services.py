"""What the client asks of survey services through the TOM: photometry of a target, in the background."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

OPEN = ("submitted", "running")


class SurveyServices:
    """Part of `TomClient`."""

    _send: Callable[..., Any]
    _pages: Callable[..., Iterator[dict[str, Any]]]

    def survey_services(self) -> list[dict[str, Any]]:
        """Return the services that the TOM can ask: ``name``, ``missing``, ``parameters``."""
        return self._send("GET", "api/servicequeries/services/")

    def ask_service(self, service: str, target_id: int, **parameters: Any) -> dict[str, Any]:
        """Have a service asked about a target, and return the query; an open one about the same if there is.

        Parameters
        ----------
        service : str
            Name, for example ``"Atlas"``.
        target_id : int
        **parameters
            Fields of the service's form, for example ``min_date=61000`` (MJD); others have usual values.

        Raises
        ------
        RefusedError
            If the service cannot be asked that.
        """
        body = {"service": service, "target": target_id, "parameters": parameters}
        return self._send("POST", "api/servicequeries/", json=body)

    def service_query(self, pk: int) -> dict[str, Any]:
        """Return a query: ``state``, ``message``, ``error``, ``data_product`` (key of the file), ..."""
        return self._send("GET", f"api/servicequeries/{pk}/")

    def service_queries(self, **filters: Any) -> Iterator[dict[str, Any]]:
        """Yield the queries that you may see, newest first; ``target``, ``service``, ``state``, ``user``."""
        return self._pages("api/servicequeries/", filters)

    def wait_for_service(
        self, pk: int, *, timeout_s: float = 3600.0, pause_s: float = 10.0
    ) -> dict[str, Any]:
        """Wait until a query has ended, or the time is over, and return it as it is then."""
        deadline = time.monotonic() + timeout_s
        while True:
            found = self.service_query(pk)
            if found["state"] not in OPEN or found["needs_answer"] or time.monotonic() + pause_s > deadline:
                return found
            time.sleep(pause_s)

    def retry_service(self, pk: int, *, send_anew: bool = False) -> dict[str, Any]:
        """Ask again; `send_anew` where nobody can tell whether the service got the request."""
        return self._send("POST", f"api/servicequeries/{pk}/retry/", json={"send_anew": send_anew})

    def cancel_service(self, pk: int) -> dict[str, Any]:
        """Cancel a query."""
        return self._send("POST", f"api/servicequeries/{pk}/cancel/", json={})
