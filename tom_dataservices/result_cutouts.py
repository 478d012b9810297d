"""Keeps small images of results, so that pages show them without asking anybody: ``fetch_cutouts``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tom_dataservices.kept_answers import AnswerLostError, unpacked
from tom_dataservices.models import QueryRun, ResultCutout
from tom_dataservices.plugin_errors import PluginFailedError, plugin_reported

MOST = 25
"""Results of a run that get an image: one request each."""
ROLE = "science"
_PNG = b"\x89PNG\r\n\x1a\n"
_LARGEST_BYTES = 200_000


def gives_cutouts(plugin: Any) -> bool:
    """Tell whether a service says that it has images of its results."""
    return bool(getattr(plugin, "gives_cutouts", False))


def fetch_cutouts(run: QueryRun, service: Any, tell: Callable[[int], None] = lambda count: None) -> int:
    """Fetch the images of the first results of a run that have none yet, and return how many were kept.

    Only PNG is kept. The service is not asked further once it fails.

    Raises
    ------
    PluginFailedError
        With a sentence, if the service does not answer.
    """
    kept = 0
    for result in run.results.filter(number__lt=MOST).exclude(cutouts__role=ROLE):
        try:
            raw = unpacked(result.raw)
        except AnswerLostError as error:
            raise PluginFailedError(str(error)) from error
        with plugin_reported(service.name):
            found = service.cutout(raw, ROLE)
        content = found[0] if found else b""
        if content.startswith(_PNG) and len(content) <= _LARGEST_BYTES:
            ResultCutout.objects.get_or_create(result=result, role=ROLE, defaults={"content": content})
            kept += 1
            tell(kept)
    return kept
