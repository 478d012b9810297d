"""An ingest is one change set: a row for each new target, one for each stored target and kind of data."""

import pytest
from django.contrib.auth.models import User

from tom_common.history.models import Change, ChangeSet
from tom_common.history.revert import revert
from tom_dataproducts.models import PhotometryReducedDatum
from tom_dataservices.ingest import IngestOptions, ingest_batches
from tom_dataservices.tests.ingest.batches import alert, batch
from tom_targets.models import Target, TargetExtra

pytestmark = pytest.mark.django_db


def point(mjd, index=0):
    return {"mjd": mjd, "object_index": index, "brightness": 18.5, "brightness_error": 0.1}


def night(mjd, *names, **options):
    """Ingest one alert of each object, with two points, and return the change set."""
    items = [alert(name, mjd=mjd, extras={"drb": mjd / 1e5}, aliases=(f"AT {name}",)) for name in names]
    rows = [point(mjd - day, index) for index in range(len(names)) for day in (0, 3)]
    known = set(ChangeSet.objects.values_list("pk", flat=True))
    ingest_batches([batch(items, rows)], IngestOptions(**options))
    return ChangeSet.objects.exclude(pk__in=known).first()


def test_new_targets_are_one_row_each():
    made = night(60000.0, "a", "b", list_name="Tonight")
    labels = sorted(made.changes.values_list("model_label", "action"))
    assert labels == [
        ("tom_targets.basetarget", "create"),
        ("tom_targets.basetarget", "create"),
        ("tom_targets.targetlist", "create"),
    ]
    assert made.kind == "ingest"


def test_stored_targets_get_one_row_for_their_points_and_one_for_their_facts():
    night(60000.0, "a")
    target = Target.objects.get(name="a")
    made = night(60010.0, "a")
    points, facts = made.changes.order_by("model_label")
    assert (points.model_label, points.row_count) == ("tom_dataproducts.photometryreduceddatum", 2)
    newest = PhotometryReducedDatum.objects.filter(target=target).order_by("-pk")[:2]
    first, last = sorted(row.pk for row in newest)
    assert points.notes == {"rows": f"{first}-{last}"}
    assert facts.values_before == {"drb": "0.6", "alert_mjd": "60000.0"}
    assert facts.values_after == {"drb": "0.6001", "alert_mjd": "60010.0"}
    assert {points.subject_id, facts.subject_id} == {target.pk}


def test_the_same_alerts_again_are_no_change():
    night(60000.0, "a")
    assert night(60000.0, "a") is None


def test_batches_of_one_run_share_a_change_set_whose_author_is_the_user():
    user = User.objects.create_superuser("anna")
    batches = [batch([alert(name)], [point(60000.0)]) for name in ("a", "b", "c")]
    ingest_batches(batches, IngestOptions(user=user), title="Alerts of night.tar")
    made = ChangeSet.objects.get()
    assert (made.author, made.title, made.change_count, made.subject_count) == (
        user,
        "Alerts of night.tar",
        3,
        3,
    )


def test_a_dry_run_leaves_no_trace():
    assert night(60000.0, "a", dry_run=True) is None
    assert not Change.objects.exists()


def test_an_ingest_is_undone():
    boss = User.objects.create_superuser("boss")
    night(60000.0, "a")
    made = night(60010.0, "a", "b")
    assert PhotometryReducedDatum.objects.count() == 6
    revert(made, boss)
    assert list(Target.objects.values_list("name", flat=True)) == ["a"]
    assert PhotometryReducedDatum.objects.count() == 2
    assert TargetExtra.objects.get(key="drb").value == "0.6"
