"""Sharing from now on: what is written goes out soon, in the background, and failures are tried again."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tom_common.models import Job
from tom_dataproducts.models import (
    AstrometryReducedDatum,
    PersistentShareState,
    PhotometryReducedDatum,
    ReducedDatum,
    SpectroscopyReducedDatum,
)
from tom_dataproducts.persistent_sharing import share_soon
from tom_dataproducts.sharing.services import TRIES, run_share
from tom_dataproducts.tests.factories import PhotometryFactory
from tom_targets.models import PersistentShare
from tom_targets.sharing import continuous_share_data

TASK = "tom_dataproducts.tasks.share_new_data"


@pytest.fixture(autouse=True)
def _no_pending_keys():
    cache.clear()


@pytest.fixture
def share(target, people):
    return PersistentShare.objects.create(target=target, destination="peer", user=people["owner"])


def jobs():
    return Job.objects.filter(task=TASK)


def spectrum(target):
    SpectroscopyReducedDatum.objects.create(target=target, flux=[1.0], wavelength=[1.0])


def position(target):
    AstrometryReducedDatum.objects.create(target=target, ra=1.0, dec=1.0)


def anything(target):
    ReducedDatum.objects.create(target=target, data_type="classification", value={"class": "Ia"})


def many_points(target):
    rows = [PhotometryFactory.build(target=target) for _ in range(5)]
    PhotometryReducedDatum.objects.bulk_create(rows)


def many_positions(target):
    rows = [AstrometryReducedDatum(target=target, ra=float(number), dec=1.0) for number in range(5)]
    AstrometryReducedDatum.objects.bulk_create(rows)


@pytest.mark.parametrize("write", [spectrum, position, anything, many_points, many_positions])
def test_whatever_is_written_is_sent_once_a_moment_later(
    share, target, write, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        write(target)
        PhotometryFactory(target=target)
    (job,) = jobs()
    assert job.arguments["args"] == [share.pk]
    assert job.run_after > timezone.now() + timedelta(seconds=10)


def test_what_is_rolled_back_is_not_sent(share, target, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        try:
            with transaction.atomic():
                PhotometryFactory(target=target)
                raise ValueError
        except ValueError:
            pass
    assert not jobs().exists()


def test_other_targets_are_not_sent(share, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        PhotometryFactory()
    assert not jobs().exists()


def test_no_share_costs_one_query(target, django_assert_num_queries):
    with django_assert_num_queries(1):
        continuous_share_data(target, [])
    with CaptureQueriesContext(connection) as queries:
        PhotometryReducedDatum.objects.bulk_create(
            [PhotometryFactory.build(target=target) for _ in range(50)]
        )
    assert len([query for query in queries if "persistentshare" in query["sql"]]) == 1


def test_a_thousand_targets_cost_one_query(db, django_assert_num_queries):
    with django_assert_num_queries(1):
        share_soon(range(1000))


def test_a_run_sends_what_is_missing_and_notes_it(peer, share, target, points):
    assert run_share(share.pk) == "7 created"
    assert (len(peer.targets), len(peer.data)) == (1, 4)
    state = PersistentShareState.objects.get(share=share)
    assert (state.error, state.summary, state.succeeded_at) == ("", "7 created", state.tried_at)
    PhotometryFactory(target=target)
    run_share(share.pk)
    assert len(peer.data) == 5


def test_a_failure_is_noted_and_tried_again_later(peer, pauses, share, points):
    peer.faults[("GET", "/")] = 503
    with_retry = run_share(share.pk)
    assert "answered 503" in with_retry
    state = PersistentShareState.objects.get(share=share)
    assert state.error == with_retry
    assert timedelta(seconds=50) < state.next_try_at - timezone.now() <= timedelta(seconds=60)
    assert (state.succeeded_at, state.is_partly_refused) == (None, False)
    (job,) = jobs()
    assert job.arguments["args"] == [share.pk, 2]


def test_the_last_try_is_the_last(peer, pauses, share):
    peer.faults[("GET", "/")] = 503
    run_share(share.pk, TRIES)
    assert PersistentShareState.objects.get(share=share).next_try_at is None
    assert not jobs().exists()


def test_a_refused_point_is_told_and_the_rest_is_sent(peer, share, points):
    peer.faults[("POST", "/api/reduceddatums/")] = [400]
    run_share(share.pk)
    state = PersistentShareState.objects.get(share=share)
    assert state.is_partly_refused
    assert state.error.startswith("photometry: the Peer answered 400")
    assert len(peer.data) == 3


def test_a_share_whose_user_lost_the_right_sends_nothing(peer, share, people, points):
    share.user = people["stranger"]
    share.save()
    assert "stranger, who made this share, may not share the target any more." in run_share(share.pk)
    assert peer.requests == []


def test_a_share_whose_user_is_gone_sends_nothing(peer, share, people, points):
    people["owner"].delete()
    assert "Nobody answers for this share any more" in run_share(share.pk)
    assert peer.requests == []


def test_a_share_with_a_tom_that_the_settings_lost_says_so(share, settings, points):
    settings.DATA_SHARING = {}
    assert "DATA_SHARING has no TOM 'peer'" in run_share(share.pk)
    assert "DATA_SHARING has no TOM 'peer'" in PersistentShareState.objects.get(share=share).error


def test_an_ended_share_is_left_alone(peer, db):
    assert run_share(4711) == "The share was ended meanwhile."


def test_who_asks_to_wait_longer_is_given_the_time(peer, pauses, share):
    peer.faults[("GET", "/")], peer.retry_after = 429, "600"
    run_share(share.pk)
    state = PersistentShareState.objects.get(share=share)
    assert timedelta(seconds=590) < state.next_try_at - timezone.now() <= timedelta(seconds=600)
