"""Recorded alerts once more: into the TOM, and through a live Kafka, with the outcome of their ingest."""

import datetime as dt
import threading
import time
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from tests.standins.kafka_broker import kafka_broker
from tom_alerts.simulation import simulate_survey
from tom_alertstreams import playing
from tom_alertstreams.playing import Pacer, TopicSink
from tom_alertstreams.tests.test_live_kafka import Reading, stream_of, taken
from tom_dataproducts.models import PhotometryReducedDatum
from tom_dataservices.ingest import IngestOptions, ingest_packets
from tom_targets.models import Target


@pytest.fixture(scope="module")
def night(tmp_path_factory):
    """Give the archive of a small simulated night, and how many alerts it holds."""
    path = tmp_path_factory.mktemp("night") / "ztf_public_20260107.tar"
    count = simulate_survey(dt.date(2026, 1, 7), seed=3, objects=12).write_archive(path, cutouts=False)
    return path, count


def rows():
    fields = ("target__name", "timestamp", "bandpass", "brightness", "limit", "source_name")
    return sorted(PhotometryReducedDatum.objects.values_list(*fields), key=repr)


def replay(*arguments, **options):
    out = StringIO()
    call_command("replay", *map(str, arguments), stdout=out, stderr=StringIO(), **options)
    return out.getvalue()


def test_a_night_played_straight_into_the_tom_is_what_its_ingest_is(db, night):
    path, count = night
    ingest_packets([path], IngestOptions())
    expected = rows()
    Target.objects.all().delete()
    assert f"{count} alerts played into this TOM" in replay(path, direct=True, speed=0.0)
    assert rows() == expected


@pytest.mark.once
@pytest.mark.django_db(transaction=True)
def test_a_night_played_into_kafka_arrives_whole(night):
    path, count = night
    ingest_packets([path], IngestOptions())
    expected = rows()
    Target.objects.all().delete()
    with kafka_broker() as broker:
        said = replay(path, topic="ztf_20260107_programid1", bootstrap=broker.address, speed=0.0)
        assert f"{count} alerts played to ztf_20260107_programid1" in said
        reader = Reading(stream_of(broker.address, ["ztf_20260107_programid1"])).until(taken(count))
    assert (reader.total.used, reader.total.dead) == (count, 0)
    assert rows() == expected


def test_it_ends_after_as_many_as_asked_for_also_in_a_loop(db, night):
    path, count = night
    assert "7 alerts played" in replay(path, direct=True, speed=0.0, max=7)
    more = count + 5
    assert f"{more:,} alerts played" in replay(path, direct=True, speed=0.0, max=more, loop=True)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "either a Kafka topic"),
        ({"topic": "a", "direct": True}, "either a Kafka topic"),
        ({"direct": True, "speed": -1.0}, "--speed -1.0; expected a number, 0 or more"),
        ({"direct": True, "speed": float("nan")}, "--speed nan; expected a number"),
        ({"direct": True, "max": -2}, "--max -2; expected 0 or more"),
    ],
)
def test_what_cannot_be_done_is_said(night, options, words):
    with pytest.raises(CommandError, match=words):
        replay(night[0], **options)


@pytest.mark.once
def test_nothing_is_played_to_a_broker_that_is_not_there(night, monkeypatch):
    monkeypatch.setattr(playing, "ANSWER_S", 0.5)
    monkeypatch.setattr(TopicSink, "take", lambda self, packet: pytest.fail("it was sent nevertheless"))
    with pytest.raises(
        CommandError, match="the broker 127.0.0.1:1 cannot be reached .*--bootstrap HOST:PORT"
    ):
        replay(night[0], topic="night", bootstrap="127.0.0.1:1", speed=0.0)


def test_alerts_are_spaced_as_the_sky_was_and_a_long_gap_is_cut():
    pacer = Pacer(86_400.0, threading.Event())  # a day in a second
    begin = time.monotonic()
    assert not pacer.has_to_wait(60_000.0)
    assert pacer.has_to_wait(60_000.4)
    pacer.wait()
    assert time.monotonic() - begin >= 0.4
    pacer.has_to_wait(70_000.0)
    assert pacer._due_s - time.monotonic() <= 61
    pacer.stop.set()
    pacer.wait()
    assert not Pacer(0.0, threading.Event()).has_to_wait(60_000.0)
