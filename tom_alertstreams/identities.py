"""Tells a topic from one of the same name that was made after it.

Asked where partitions are assigned, and where offsets are out of range.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from confluent_kafka import KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient
from django.db import transaction

from tom_alertstreams.models import StreamOffset, StreamTopic

logger = logging.getLogger(__name__)

TIMEOUT_S = 5.0
_NONE = "AAAAAAAAAAAAAAAAAAAAAA"  # what a broker says that gives topics no identity: 16 zeros


class TopicIdentities:
    """Asks a broker for the identities of its topics, which Kafka gives them when they are made.

    Parameters
    ----------
    settings : mapping
        Of librdkafka; what says where the broker is, and how one gets in.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._settings = dict(settings)

    def of(self, topics: Iterable[str]) -> dict[str, str]:
        """Return the identities by topic, without those of which the broker tells none."""
        names = sorted(set(topics))
        found: dict[str, str] = {}
        if not names:
            return found
        quiet: dict[str, Any] = {
            "logger": logging.getLogger(f"{__name__}.librdkafka"),
            "error_cb": lambda error: None,
        }
        client = AdminClient({**self._settings, **quiet})  # it has to live until it has answered
        asked = client.describe_topics(TopicCollection(names), request_timeout=TIMEOUT_S)
        for name, answer in asked.items():
            try:
                identity = str(answer.result().topic_id)
            except KafkaException as error:
                logger.info("%s: the broker does not tell its identity: %s", name, error)
                continue
            if identity not in (_NONE, "None", ""):
                found[name] = identity
        return found


def begin_new_topics(group: str, identities: Mapping[str, str]) -> list[str]:
    """Note the identities of topics, and begin those anew that are others than before.

    Parameters
    ----------
    group : str
        Consumer group.
    identities : mapping
        By topic, as the broker tells them now.

    Returns
    -------
    list of str
        Topics of which another one of the same name had been read: they are read from their begin.
    """
    anew = []
    with transaction.atomic():
        StreamTopic.objects.bulk_create(
            [
                StreamTopic(group=group, topic=topic, identity=identity)
                for topic, identity in identities.items()
            ],
            ignore_conflicts=True,
        )
        rows = StreamTopic.objects.select_for_update().filter(group=group, topic__in=identities)
        for row in rows.order_by("topic"):
            if row.identity != identities[row.topic]:
                has_begun = not row.identity  # by `begin_unnamed_topic`
                row.identity = identities[row.topic]
                row.save(update_fields=["identity"])
                if has_begun:
                    continue
                if StreamOffset.objects.filter(group=group, topic=row.topic).update(next_offset=0):
                    anew.append(row.topic)
    return anew


def begin_unnamed_topic(group: str, topic: str) -> bool:
    """Begin a topic anew that is another one by its offsets, while the broker does not tell its identity.

    The one that it tells later is noted, and nothing is read twice.

    Returns
    -------
    bool
        False if no identity of it was noted before: its partitions are looked at one by one.
    """
    with transaction.atomic():
        noted = StreamTopic.objects.filter(group=group, topic=topic).exclude(identity="")
        if not noted.update(identity=""):
            return False
        StreamOffset.objects.filter(group=group, topic=topic).update(next_offset=0)
    return True
