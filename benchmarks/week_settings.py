"""Settings of the project with the streams that the environment names; for ``benchmarks.week``."""

import json
import os

from tom_project.settings import *  # noqa: F403

ALERT_STREAMS = json.loads(os.environ.get("WEEK_STREAMS", "[]"))
TOM_FILTER_NEWS_PER_DAY = 1_000_000
