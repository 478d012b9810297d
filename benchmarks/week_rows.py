"""What ``benchmarks.week`` does inside of a TOM: its filters and handlers, and the rows that are compared.

Run with a word as a script: ``python -m benchmarks.week_rows filters``.
"""

import hashlib
import json
import sys
from typing import Any

MOST_PER_HOUR = 1_000_000
NOTE = ("week", "seen")


def count_notice(notice: dict[str, Any], topic: str) -> None:
    """Count a message in a fact of its target: what a handler does twice, or never, is seen in the number."""
    _count(notice["name"], notice["flux"])


def count_news(alert: Any, metadata: Any) -> None:
    """Count a message of the second stream, in the same way."""
    _count(alert.content["name"], alert.content["count"])


def _count(name: str, number: int) -> None:
    from tom_targets.models import Target, TargetExtra

    Target.objects.get_or_create(name=name, defaults={"type": "SIDEREAL", "ra": 1.0, "dec": 2.0})
    target = Target.objects.select_for_update().get(name=name)
    for key, add in (("messages", 1), ("sum", number)):
        extra, _ = TargetExtra.objects.get_or_create(target=target, key=key, defaults={"value": "0"})
        extra.value = str(int(extra.value) + add)
        extra.save()


def make_filters() -> None:
    """Make two filters and turn them on: one annotates and lists, one makes targets; both tell."""
    from django.contrib.auth.models import User

    from tom_alerts.filter_models import AlertFilter
    from tom_targets.models import TargetList

    owner = User.objects.create_superuser("week")
    common = {"user": owner, "is_on": True, "tells": True, "digest": "now", "max_per_hour": MOST_PER_HOUR}
    AlertFilter.objects.create(
        name="Bright",
        expression="mag < 17",
        survey="ZTF",
        target_list=TargetList.objects.create(name="Bright of the week"),
        note_key=NOTE[0],
        note=NOTE[1],
        **common,
    )
    AlertFilter.objects.create(
        name="Made",
        expression="dec > 0",
        survey="ELAsTiCC",
        makes=AlertFilter.Makes.TARGET,
        target_list=TargetList.objects.create(name="Made in the week"),
        **common,
    )


def end_waits() -> None:
    """Make actions due whose claim a killed process held: as if a quarter of an hour had passed."""
    from django.utils import timezone

    from tom_alerts.filter_models import CandidateAction

    CandidateAction.objects.filter(state="waiting").update(due=timezone.now())


def left() -> int:
    """Return how much is still to be done with candidates, and by jobs."""
    from tom_alerts.filter_models import CandidateAction
    from tom_common.models import Job

    waiting = CandidateAction.objects.filter(state="waiting").count()
    return waiting + Job.objects.filter(state__in=("queued", "running")).count()


def rows() -> dict[str, list[str]]:
    """Return what is compared, by what it is; keys of rows are not in it."""
    from tom_alerts.filter_models import Candidate, CandidateAction
    from tom_alertstreams.models import DeadLetter
    from tom_common.models import Notification
    from tom_dataproducts.models import DataProduct, PhotometryReducedDatum
    from tom_dataproducts.models.summary import LightCurveSummary
    from tom_dataproducts.summaries import refresh_summaries
    from tom_targets.models import Target, TargetExtra, TargetList, TargetName

    refresh_summaries(
        list(LightCurveSummary.objects.filter(is_stale=True).values_list("target_id", flat=True))
    )
    news = Notification.objects.filter(kind="filter").values_list("text", flat=True)
    told: dict[str, int] = {}
    for name, _, text in (line.partition(": ") for line in news):
        told[name] = told.get(name, 0) + int(text.split()[0])
    point = ("timestamp", "bandpass", "brightness", "brightness_error", "limit", "unit", "point_key")
    curve = ("point_count", "detection_count", "last_detection", "last_mag", "peak_mag", "rate_mag_per_day")
    found = {
        "points": PhotometryReducedDatum.objects.values_list("target__name", *point, "source_name"),
        "targets": Target.objects.values_list("name", "type", "ra", "dec", "permissions"),
        "aliases": TargetName.objects.values_list("target__name", "name"),
        "facts": TargetExtra.objects.values_list("target__name", "key", "value"),
        "lists": TargetList.objects.values_list("name", "targets__name"),
        "summaries": LightCurveSummary.objects.values_list("target__name", *curve),
        "candidates": Candidate.objects.values_list(
            "alert_filter__name", "name", "alert_id", "mjd", "state", "target__name"
        ),
        "actions": CandidateAction.objects.values_list(
            "candidate__alert_filter__name", "candidate__name", "kind", "state", "error"
        ),
        "letters": (
            (topic, reason, hashlib.sha256(bytes(value)).hexdigest())
            for topic, reason, value in DeadLetter.objects.values_list("topic", "reason", "value")
        ),
        "images": (
            (name, *product.split(":")[3:])
            for name, product in DataProduct.objects.values_list("target__name", "product_id")
        ),
        "news": told.items(),
    }
    return {name: sorted(map(repr, some)) for name, some in found.items()}


def main(word: str) -> None:
    """Do one of these in a process of its own, and print what it gives."""
    import django

    django.setup()
    found = {"filters": make_filters, "waits": end_waits, "left": left, "rows": rows}[word]()
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1])
