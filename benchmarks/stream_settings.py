"""Settings of the project with one Kafka stream, named by the environment; for ``benchmarks.streams``."""

import json
import os

from tom_project.settings import *  # noqa: F403

ALERT_STREAMS = [
    {
        "NAME": "tom_alertstreams.alertstreams.kafka.KafkaAlertStream",
        "OPTIONS": json.loads(os.environ.get("BENCH_STREAM", "{}")),
    }
]
