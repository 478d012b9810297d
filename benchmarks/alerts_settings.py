"""The project with ten brokers of one stand-in, half of which fail; for ``benchmarks.alerts_pages``."""

from tom_project.settings import *  # noqa: F403

TOM_ALERT_CLASSES = [f"benchmarks.alerts_brokers.Broker{number}" for number in range(10)]
TOM_BACKGROUND = "thread"
