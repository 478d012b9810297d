"""Background tasks of data services."""

from __future__ import annotations

import logging
import time
from datetime import datetime
from typing import Any

from django.utils import timezone

from tom_common import background
from tom_common.background import background_task
from tom_common.job_context import InputRefused, JobCancelled, RunAgain, current_job
from tom_common.remote import RemoteError, RemoteRejected
from tom_common.turns import turn
from tom_dataproducts.models import ServiceQuery
from tom_dataproducts.single_target_data_service import own_services, running
from tom_dataproducts.single_target_data_service.remote_data_service import remote_service
from tom_dataproducts.single_target_data_service.single_target_data_service import (
    SingleTargetDataServiceException,
)

logger = logging.getLogger(__name__)
WAIT_HERE_S = 900.0
ONE_STEP_MS = 900_000
_TRIES = 9  # a worker may be killed that often in one step


def wait_or_go(query: ServiceQuery) -> dict[str, Any]:
    """Bring a query forward: as a job step by step, waiting here where there is nobody who would go on."""
    stays = current_job().pk is None or background.mode() == "inline"
    deadline = time.monotonic() + WAIT_HERE_S
    while True:
        try:
            with turn(query.service):
                return running.bring_forward(query, patient=not stays)
        except RunAgain as later:
            if not stays or time.monotonic() + later.delay_s > deadline:
                raise
            time.sleep(later.delay_s)
            query.refresh_from_db()


@background_task(max_retries=_TRIES, time_limit_ms=ONE_STEP_MS, title="Ask a data service")
def ask_service(query_id: int) -> dict[str, Any]:
    """Do what is next for a query; run again later while its service works."""
    return wait_or_go(_query(query_id))


def _query(query_id: int) -> ServiceQuery:
    query = ServiceQuery.objects.select_related("target", "user").filter(pk=query_id).first()
    if query is None:
        raise InputRefused("The query is gone, or its target is.")
    return query


@background_task(max_retries=2, time_limit_ms=ONE_STEP_MS, title="Ask a data service", queue="bulk")
def ask_own_service(query_id: int) -> dict[str, Any]:
    """Let a service of the project's own ask, in the queue of what may take long."""
    return own_services.ask(_query(query_id))


@background_task(max_retries=_TRIES, time_limit_ms=ONE_STEP_MS, title="ATLAS forced photometry")
def atlas_query(
    min_date_mjd: float | None,
    max_date_mjd: float | None,
    target_id: int,
    data_product_type: str,
    use_reduced: bool = False,
) -> bool:
    """Ask ATLAS about a target with the key of the settings, store and read its answer.

    Called directly it waits for the answer; sent (``send``, ``enqueue``) it is a job.

    Parameters
    ----------
    min_date_mjd, max_date_mjd : float or None
        MJD, UTC; None for the last 30 days, and for now.
    target_id : int
    data_product_type : str
        Key of ``DATA_PRODUCT_TYPES``.
    use_reduced : bool
        Measure on the image itself instead of on the difference image.

    Returns
    -------
    bool
        Whether there is an answer; True also for one without data.
    """
    from tom_dataproducts.single_target_data_service.queries import write_down

    query = None
    if current_job().pk is not None:
        query = ServiceQuery.objects.filter(job_id=current_job().pk).select_related("target", "user").first()
    try:
        if query is None:
            service = remote_service("Atlas")
            asked: dict[str, Any] = {"target_id": target_id, "use_reduced": use_reduced}
            asked |= {"min_date": min_date_mjd, "max_date": max_date_mjd}
            asked["data_product_type"] = data_product_type
            query, _ = write_down(service, asked, job_id=current_job().pk)
        wait_or_go(query)
    except (SingleTargetDataServiceException, InputRefused, JobCancelled) as error:
        if current_job().pk is not None:
            raise InputRefused(str(error)) from error
        logger.warning("ATLAS was asked about target %s in vain: %s", target_id, error)
        return False
    return True


@background_task(max_retries=_TRIES, time_limit_ms=ONE_STEP_MS, title="Take a request back")
def withdraw_request(query_id: int, mark: str, remote_id: str, sent_at: str) -> str:
    """Tell a service that the answer to a cancelled query is not wanted any more."""
    query = ServiceQuery.objects.select_related("target", "user").filter(pk=query_id).first()
    if query is None:
        return "The query is gone, or its target is."
    service = remote_service(query.service)
    if not service.can_withdraw:
        return f"{service.label()} cannot be told; what it finds is not fetched."
    query.mark, query.remote_id = mark, remote_id  # the row may have been opened again
    try:
        with turn(query.service):
            return _withdrawn(query, service, datetime.fromisoformat(sent_at))
    except RemoteRejected as error:
        raise InputRefused(str(error)) from error
    except RemoteError as error:
        raise RunAgain(running.LONGEST_PAUSE_S, str(error)) from error


def _withdrawn(query: ServiceQuery, service: Any, sent: datetime) -> str:
    query.remote_id = query.remote_id or service.find(query)
    if not query.remote_id:
        rest_s = service.settle_s * running.pace(service) - (timezone.now() - sent).total_seconds()
        if rest_s > 0 and background.mode() != "inline":
            raise RunAgain(rest_s, f"Looking whether {service.label()} got the request.")
        return f"{service.label()} does not have the request."
    service.withdraw(query)
    return f"{service.label()} has been told."
