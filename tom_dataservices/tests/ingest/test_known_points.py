"""Points that a process has stored are not offered to the database again, and nothing is lost by it."""

import numpy as np
import pytest
from django.db import transaction

from tom_common.history import change_run
from tom_dataproducts.models import PhotometryReducedDatum
from tom_dataservices.ingest import IngestOptions, run
from tom_dataservices.ingest import known as known_module
from tom_dataservices.ingest.known import KnownPoints
from tom_dataservices.tests.ingest.batches import alert, batch
from tom_targets.models import BaseTarget


def columns(*pairs):
    array = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return array[:, 0], array[:, 1]


def test_points_are_known_by_target_and_key_together():
    known = KnownPoints()
    known.add(*columns((1, 10), (2, 20), (1, -30)))
    assert known.has(*columns((1, 10), (1, 20), (2, 20), (2, 10), (1, -30), (3, 99))).tolist() == [
        *(True, False, True, False, True, False)
    ]
    known.add(*columns((3, 99)))
    assert known.has(*columns((3, 99), (2, 20))).all()
    assert len(known) == 4


def test_points_of_one_mixture_are_told_apart():
    odd = int(known_module._ODD)
    first, second = (1, 5 ^ odd), (2, 5 ^ (2 * odd % 2**64))
    targets = np.array([first[0], second[0]], dtype=np.int64)
    keys = np.array([first[1], second[1]], dtype=np.uint64).astype(np.int64)
    assert len(set(known_module._mixed(targets, keys).tolist())) == 1
    known = KnownPoints()
    known.add(targets[:1], keys[:1])
    assert known.has(targets, keys).tolist() == [True, False]


def test_the_oldest_points_are_forgotten_first():
    known = KnownPoints(limit=8)
    for number in range(5):
        known.add(*columns(*((number, key) for key in range(4))))
    assert known.has(*columns((4, 0), (3, 3))).all()
    assert not known.has(*columns((0, 0), (1, 1))).any()
    assert len(known) <= 8


def test_points_are_forgotten_after_a_while(monkeypatch):
    now_s = 0.0
    monkeypatch.setattr(known_module.time, "monotonic", lambda: now_s)
    known = KnownPoints(kept_s=3600.0)
    known.add(*columns((1, 10)))
    now_s = 3500.0
    assert known.has(*columns((1, 10))).all()
    now_s = 3500.0 + 1900.0
    assert not known.has(*columns((1, 10))).any()


@pytest.fixture
def offered(monkeypatch):
    """Give a list of how many rows of photometry are offered to the database."""
    found = []
    real = run.insert_new

    def counted(model, rows, *args, **options):
        if model is PhotometryReducedDatum:
            found.append(len(rows["target_id"]))
        return real(model, rows, *args, **options)

    monkeypatch.setattr(run, "insert_new", counted)
    return found


def ingest(known):
    """Store an alert with three points, of which one comes twice."""
    rows = [{"mjd": 60000.0 + day, "brightness": 18.0 + day, "survey_id": 5 + day} for day in (0, 1, 2, 2)]
    change = change_run(None, kind="ingest", title="Alerts")
    return run.ingest_batch(batch([alert("ZTF23aaaaaaa")], rows), IngestOptions(), change, known=known)


@pytest.mark.django_db(transaction=True)
def test_stored_points_are_offered_once_and_those_of_a_target_made_anew_again(offered):
    known = KnownPoints()
    first, _ = ingest(known)
    count = PhotometryReducedDatum.objects.count()
    assert first.new_data == count > 0
    again, changed = ingest(known)
    assert (again.new_data, again.duplicates, changed) == (0, first.duplicates + count, set())
    assert offered == [count, 0]
    BaseTarget.objects.all().delete()
    third, _ = ingest(known)
    assert third.new_data == PhotometryReducedDatum.objects.count() == count


@pytest.mark.django_db(transaction=True)
def test_points_that_were_taken_back_are_offered_again(offered):
    known = KnownPoints()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        ingest(known)
        raise ZeroDivisionError
    assert not PhotometryReducedDatum.objects.exists()
    report, _ = ingest(known)
    assert report.new_data == PhotometryReducedDatum.objects.count() == offered[-1] > 0
