"""Background tasks of tom_dataproducts."""

from __future__ import annotations

from typing import Any

from django.core.cache import cache
from django.db import transaction

from tom_common.background import background_task
from tom_dataproducts.summaries import refresh_summaries

_WAIT_S = 60
_KEY = "tom_dataproducts.refresh_light_curves"


@background_task(max_retries=3, title="Summaries of light curves")
def refresh_light_curves() -> int:
    """Compute the summaries of all light curves to which points came."""
    return refresh_summaries()


def refresh_soon(*, using: str, **kwargs: Any) -> None:
    """Send `refresh_light_curves` once the writing transaction holds, at most once a minute for all writes.

    It runs a minute later, so that whatever is written meanwhile is computed along. Receiver of
    ``photometry_written``.
    """
    transaction.on_commit(_send, using=using)


def _send() -> None:
    # The key goes before the job starts, so that no write falls between the two.
    if cache.add(_KEY, True, _WAIT_S - 5):
        refresh_light_curves.send_with_options(delay=_WAIT_S * 1000)


@background_task(time_limit_ms=6 * 3_600_000, title="Share with another TOM")
def share_with_tom(request: dict[str, Any], user_id: int, dry_run: bool) -> dict[str, Any]:
    """Share targets or data with another TOM, or say what that would do."""
    from tom_dataproducts.sharing import services

    return services.run_request(request, user_id=user_id, dry_run=dry_run)


@background_task(max_retries=3, time_limit_ms=3_600_000, title="Share new data")
def share_new_data(share_id: int, attempt: int = 1) -> str:
    """Send what a persistent share has not sent yet."""
    from tom_dataproducts.sharing import services

    return services.run_share(share_id, attempt)
