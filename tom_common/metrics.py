"""Figures of the TOM in Prometheus' text format; apps offer theirs by ``metrics()`` of their AppConfig."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.db.models import Count
from django.utils import timezone

from tom_common.caretaker import alive_workers
from tom_common.contributions import collect
from tom_common.models import Job

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass
class Metric:
    """One figure: its name with the unit in it, what it says, and its values by labels.

    Attributes
    ----------
    name : str
        Lower case, begins with ``tom_``, ends with the unit; ``_total`` for a counter.
    text : str
        One sentence.
    kind : str
        ``gauge`` or ``counter``.
    samples : list of (dict, float)
    """

    name: str
    text: str
    kind: str = "gauge"
    samples: list[tuple[dict[str, str], float]] = field(default_factory=list)

    def add(self, value: float, labels: Mapping[str, str] | None = None) -> None:
        """Add a value under some labels."""
        self.samples.append((dict(labels or {}), float(value)))


def job_metrics() -> list[Metric]:
    """Return how many jobs wait, run and have failed, by queue, and how many processes run them."""
    state = Job.State
    jobs = Metric("tom_jobs", "Background jobs that wait, run or have failed, by queue.")
    counts = {
        (row["queue"], row["state"]): row["count"]
        for row in Job.objects.filter(state__in=(state.QUEUED, state.RUNNING, state.FAILED))
        .order_by()
        .values("queue", "state")
        .annotate(count=Count("pk"))
    }
    for queue in Job.Queue.values:
        for word in (state.QUEUED, state.RUNNING, state.FAILED):
            jobs.add(counts.get((queue, word.value), 0), {"queue": queue, "state": word.value})
    oldest = (
        Job.objects.filter(state=state.QUEUED, run_after__lte=timezone.now())
        .order_by("run_after")
        .values_list("run_after", flat=True)
        .first()
    )
    wait = Metric("tom_job_oldest_wait_seconds", "How long the oldest job that could run has waited, s.")
    wait.add((timezone.now() - oldest).total_seconds() if oldest else 0)
    workers = Metric("tom_job_threads", "Threads that run jobs, of all processes heard of.")
    workers.add(sum(worker.threads for worker in alive_workers()))
    return [jobs, wait, workers]


def all_metrics() -> list[Metric]:
    """Return the figures of all apps; one whose figures break is logged and left out."""
    return [item for _, item in collect("metrics") if isinstance(item, Metric)]


def rendered(metrics: Iterable[Metric]) -> str:
    """Return figures as text.

    References
    ----------
    https://prometheus.io/docs/instrumenting/exposition_formats/, text format 0.0.4.
    """
    lines = []
    for metric in metrics:
        lines.append(f"# HELP {metric.name} {_escaped(metric.text, quotes=False)}")
        lines.append(f"# TYPE {metric.name} {metric.kind}")
        for labels, value in metric.samples:
            inner = ",".join(f'{name}="{_escaped(text)}"' for name, text in labels.items())
            lines.append(f"{metric.name}{f'{{{inner}}}' if inner else ''} {_number(value)}")
    return "\n".join([*lines, ""])


def _escaped(text: str, *, quotes: bool = True) -> str:
    text = text.replace("\\", "\\\\").replace("\n", "\\n")
    return text.replace('"', '\\"') if quotes else text


def _number(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
