"""``manage.py hoptestpub``: send a test message to the topic ``tomtoolkit.test`` of Hopskotch."""

import json
import logging
import uuid

from confluent_kafka import KafkaException, Producer
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from tom_alertstreams.alertstreams.alertstream import get_default_alert_streams
from tom_alertstreams.alertstreams.connections import of_connection
from tom_alertstreams.alertstreams.hopskotch import HopskotchAlertStream

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Sends a test message to a topic of Hopskotch, with the credentials in settings.ALERT_STREAMS."

    def add_arguments(self, parser):
        parser.add_argument("--topic", default="tomtoolkit.test")

    def handle(self, *args, **options):
        try:
            streams = get_default_alert_streams()
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error
        stream = next((one for one in streams if isinstance(one, HopskotchAlertStream)), None)
        if stream is None:
            raise CommandError("settings.ALERT_STREAMS has no active HopskotchAlertStream.")
        failures = []
        producer = Producer(of_connection(stream.kafka_settings()))
        now = timezone.now().isoformat(timespec="seconds")
        producer.produce(
            options["topic"],
            value=json.dumps({"created": now, "created-by": "tom_alertstreams hoptestpub"}),
            headers=[("_id", uuid.uuid4().bytes), ("_format", b"json"), ("_test", b"true")],
            on_delivery=lambda error, message: failures.append(error) if error else None,
        )
        try:
            left = producer.flush(30)
        except KafkaException as error:
            raise CommandError(f"The message was not sent: {error}") from error
        if left or failures:
            raise CommandError(
                f"The message was not sent: {failures[0] if failures else 'no answer in 30 s'}"
            )
        logger.info("sent a test message to %s", options["topic"])
        self.stdout.write(f"sent to {options['topic']}")
