"""System checks: what ``manage.py check`` says about ``ALERT_STREAMS`` before a stream stays silent."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Warning, register

from tom_alertstreams import conf


@register("tom")
def check_alert_streams(**_: Any) -> list[CheckMessage]:
    """Report what is wrong with the entries of ``ALERT_STREAMS``; no broker is asked."""
    entries = conf.alert_streams()
    if not entries:
        return []
    from tom_alertstreams.alertstreams.alertstream import stream_labels
    from tom_alertstreams.diagnosis import problems_of

    return [
        Warning(f"settings.ALERT_STREAMS, {label}: {problem}.", id="tom_alertstreams.W001")
        for entry, label in zip(entries, stream_labels(entries), strict=True)
        for problem in problems_of(entry, thoroughly=True)
    ]
