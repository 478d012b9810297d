"""Names of topics that change from night to night: ``ztf_YYYYMMDD_programid1``."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence

DATE = "YYYYMMDD"


def topics_of(patterns: Sequence[str], today: dt.date, *, nights: int) -> list[str]:
    """Return the topics that are read on a day.

    Parameters
    ----------
    patterns : sequence of str
        Names; in those that hold ``YYYYMMDD`` it stands for a UT date. One that begins with ``^`` is a
        regular expression for the broker, and stays as it is.
    today : datetime.date
        UT date.
    nights : int
        How many dates back from tomorrow's are read, tomorrow's included: a survey may open the topic of a
        night before midnight, and one that is read late has yesterday's still before it.
    """
    days = [today + dt.timedelta(days=1 - back) for back in range(max(1, nights))]
    found: dict[str, None] = {}
    for pattern in patterns:
        if DATE in pattern:
            found.update((pattern.replace(DATE, f"{day:%Y%m%d}"), None) for day in reversed(days))
        else:
            found[pattern] = None
    return list(found)


def is_read(patterns: Sequence[str], topic: str) -> bool:
    """Tell whether a topic, of whatever night, is among those that `topics_of` may return."""
    return any(_fits(pattern, topic) for pattern in patterns)


def _fits(pattern: str, topic: str) -> bool:
    if pattern == topic:
        return True
    if pattern.startswith("^"):
        try:
            return bool(re.match(pattern.replace(DATE, r"\d{8}"), topic))
        except re.error:  # librdkafka says so to whoever reads the stream
            return False
    parts = (re.escape(part) for part in pattern.split(DATE))
    return DATE in pattern and bool(re.fullmatch(r"\d{8}".join(parts), topic))
