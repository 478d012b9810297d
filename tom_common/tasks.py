"""The dramatiq actor behind all background tasks; dramatiq's workers import it, and whoever sends to them."""

import dramatiq

from tom_common.background import run_from_message

_ONE_WEEK_MS = 7 * 86_400_000


# Retries and time limits are those of the job (they work alike in every mode), not dramatiq's.
@dramatiq.actor(actor_name="tom_common.run_job", max_retries=0, time_limit=_ONE_WEEK_MS)
def run_job(job_pk: int) -> None:
    """Run one job."""
    run_from_message(job_pk)
