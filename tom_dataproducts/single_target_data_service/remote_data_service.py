"""What our own services offer beyond the public interface, so that a query of them survives everything.

A query of theirs is a `ServiceQuery` that a job brings forward step by step (``running``): a request is
written down before it is sent, and looked for at the service before it is ever sent again.
"""

from __future__ import annotations

from abc import abstractmethod
from datetime import timedelta
from typing import Any

from django.utils import timezone

from tom_dataproducts import conf
from tom_dataproducts.models import ServiceQuery
from tom_dataproducts.single_target_data_service.credentials import CredentialField, credentials_for
from tom_dataproducts.single_target_data_service.outcomes import (  # noqa: F401  names of this interface
    FAILED,
    NOTHING,
    READY,
    WAITING,
    WORKING,
    Ask,
    BadKey,
    Look,
    NotTaken,
    NotWhole,
    ResultFile,
    TakeLater,
)
from tom_dataproducts.single_target_data_service.registry import service_config
from tom_dataproducts.single_target_data_service.single_target_data_service import (
    BaseSingleTargetDataService,
    get_service_class,
)
from tom_targets.models import BaseTarget


class RemoteDataService(BaseSingleTargetDataService):
    """A service whose queries are rows that a job brings forward."""

    verbose_name = ""
    default_url = ""
    is_queued = False
    """Whether it takes requests into a queue and is looked at until they are done."""
    can_tell = True
    """Whether what it does not list, a while after it was sent, certainly did not arrive."""
    can_withdraw = False
    """Whether the service can be told that an answer is not wanted any more."""
    settle_s = 60.0
    """Seconds after which a request that was sent shows in its list, if it arrived."""
    give_up_days = 7.0
    paces: tuple[tuple[float, float], ...] = ((120.0, 10.0), (1800.0, 30.0), (float("inf"), 120.0))
    """Pairs of seconds since a request was sent, up to which it is looked at every so many seconds."""
    credential_fields: tuple[CredentialField, ...] = ()
    remark = ""
    """What a fetch has to say about its file besides it, for the user."""
    key_help = ""
    """Where a key comes from, in one sentence."""

    # --- what a service says

    @abstractmethod
    def prepare(self, cleaned: dict[str, Any], target: BaseTarget) -> Ask:
        """Return what a form asks for, without reaching the service.

        Raises
        ------
        SingleTargetDataServiceException
            If the service cannot be asked that.
        """

    @abstractmethod
    def fetch(self, query: ServiceQuery) -> ResultFile | None:
        """Return the file of a query that is ready; None where the service has no data.

        Raises
        ------
        RemoteError, NotTaken, NotWhole
        """

    def send(self, query: ServiceQuery) -> str:
        """Send a request and return its identifier at the service; empty where it gives none.

        Raises
        ------
        TakeLater, NotTaken
            If the service certainly has not taken it.
        RemoteError
            If nobody knows.
        """
        raise NotImplementedError(f"{self.name} has no queue")

    def listed_before(self, query: ServiceQuery) -> list[str]:
        """Return requests at the service that look like this query, before it is sent."""
        return []

    def find(self, query: ServiceQuery) -> str:
        """Return the identifier of a request that was sent, as the service lists it; empty if it does not."""
        raise NotImplementedError(f"{self.name} has no queue")

    def look(self, query: ServiceQuery) -> Look:
        """Return how a request is doing."""
        raise NotImplementedError(f"{self.name} has no queue")

    def withdraw(self, query: ServiceQuery) -> None:
        """Take a request back, or away after its file came."""
        raise NotImplementedError(f"{self.name} cannot be told")

    # --- what follows from that

    @property
    def config(self) -> dict[str, Any]:
        """What the settings say about the service."""
        return service_config(type(self))

    @property
    def url(self) -> str:
        """Address of the service."""
        return str(self.config.get("url") or self.default_url)

    @classmethod
    def label(cls) -> str:
        """Return what pages call the service."""
        return cls.verbose_name or cls.name

    def credentials(self, user: Any) -> dict[str, str]:
        """Return the keys with which a user asks."""
        return credentials_for(type(self), self.config, user)

    def missing(self, user: Any) -> str:
        """Return in a sentence what has to be set before a user can ask; empty if nothing has to."""
        kind = self.get_data_product_type()
        if kind not in conf.data_product_types():
            return f"DATA_PRODUCT_TYPES in the settings lacks {kind!r}."
        keys = self.credentials(user)
        absent = [found for found in self.credential_fields if found.is_needed and not keys[found.name]]
        site = [repr(found.setting) for found in absent if not found.is_personal]
        if site:
            return (
                f"SINGLE_TARGET_DATA_SERVICES in the settings lacks {' and '.join(site)} of {self.label()}."
            )
        if absent:
            names = " and ".join(found.label for found in absent)
            settings = " and ".join(repr(found.setting) for found in absent)
            return f"It needs your {names}, or {settings} in SINGLE_TARGET_DATA_SERVICES of the settings."
        return ""

    def pause_s(self, query: ServiceQuery) -> float:
        """Return the seconds until a request is looked at again."""
        since_s = (timezone.now() - (query.sent_at or query.created)).total_seconds()
        pause_s = next(pause for until, pause in self.paces if since_s < until)
        return pause_s * float(self.config.get("pace", 1.0))

    def is_overdue(self, query: ServiceQuery) -> bool:
        """Whether a request has waited for so long that nothing will come of it."""
        return timezone.now() - (query.sent_at or query.created) > timedelta(days=self.give_up_days)

    def query_service(self, query_parameters: dict[str, Any]) -> ServiceQuery:
        """Write the query down and let a job ask; return the query, an open one about the same if there is.

        Raises
        ------
        SingleTargetDataServiceException
            If it cannot be asked.
        """
        from tom_dataproducts.single_target_data_service.queries import start_query

        self.query, self.was_open = start_query(self, query_parameters, user=self.user)
        return self.query

    def validate_form(self, query_parameters: dict[str, Any]) -> None:
        """Look whether the query can be prepared, without reaching the service."""
        from tom_dataproducts.single_target_data_service.queries import target_of

        self.prepare(query_parameters, target_of(query_parameters))

    def get_success_message(self) -> str:
        """Return what the user reads after the form."""
        query = getattr(self, "query", None)
        if query is not None and getattr(self, "was_open", False):
            return f"{self.label()} is being asked about this position already: here is that query."
        if query is not None and query.state == ServiceQuery.State.DONE:
            return f"{self.label()} has answered: the file is stored."
        return f"{self.label()} is asked in the background: the section Survey services tells how it goes."


def remote_service(name: str) -> RemoteDataService:
    """Return one of our services by its name.

    Raises
    ------
    ImportError
        If the settings do not name it, or name another class under this name.
    """
    found = get_service_class(name)()
    if not isinstance(found, RemoteDataService):
        raise ImportError(f"The data service {name!r} of the settings keeps no queries.")
    return found
