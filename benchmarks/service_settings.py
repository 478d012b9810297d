"""Settings of the project, with a data service whose pauses are short; for ``benchmarks.service_queries``."""

from tom_project.settings import *  # noqa: F403
from tom_project.settings import SINGLE_TARGET_DATA_SERVICES

SINGLE_TARGET_DATA_SERVICES["ATLAS"]["pace"] = 0.2
