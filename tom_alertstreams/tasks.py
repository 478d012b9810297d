"""Background tasks of tom_alertstreams."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.urls import reverse

from tom_alertstreams.models import DeadLetter
from tom_alertstreams.permissions import dead_letters_for_user
from tom_alertstreams.selectors import of_place
from tom_alertstreams.services import replay_all
from tom_common.background import background_task, current_job

LINES = 50


@background_task(time_limit_ms=6 * 3600 * 1000, title="Replay of messages", queue="bulk")
def replay_dead_letters(
    user_id: int, pks: list[int] | None = None, topic: str = "", up_to: int = 0, group: str = ""
) -> dict[str, Any]:
    """Use dead letters once more: some by key, or all up to a key, perhaps of one topic and group."""
    user = get_user_model()._default_manager.get(pk=user_id)
    letters = dead_letters_for_user(user, DeadLetter.objects.filter(replayed=None), "change")
    if pks is not None:
        letters = letters.filter(pk__in=pks)
    else:
        letters = of_place(letters.filter(pk__lte=up_to), topic=topic, group=group)
    job = current_job()
    total = letters.count()
    told = 0

    def tell(tried: int, letter: DeadLetter, reason: str) -> None:
        nonlocal told
        job.check_cancelled()
        if reason and told < LINES:
            told += 1
            job.log(f"{letter.topic}[{letter.partition}] {letter.offset}: {reason}")
        job.progress(tried, total, f"{tried} of {total}")

    used, left = replay_all(letters, on_progress=tell)
    link = {"label": "Show the dead letters", "url": reverse("alertstreams:dead-letters")}
    return {"used": used, "cannot_be_used_still": left, "links": [link]}
