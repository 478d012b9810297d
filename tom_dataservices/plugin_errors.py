"""Turns whatever a plugin raises into one sentence for the user: ``with plugin_reported(title): ...``."""

from __future__ import annotations

import html
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404

from tom_common import remote
from tom_common.exceptions import ImproperCredentialsException
from tom_common.job_endings import JobCancelled, JobTimedOut, RunAgain
from tom_dataservices.exceptions import MissingDataException, NotConfiguredError, QueryServiceError

logger = logging.getLogger(__name__)
_SPOKEN = (QueryServiceError, NotConfiguredError, MissingDataException, remote.RemoteError)
_LONGEST = 1000
_LINK = re.compile(r"""<a\b[^>]*\bhref=["']([^"']+)["'][^>]*>(.*?)</a\s*>""", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(
    r"</?(?:a|b|br|code|div|em|h[1-6]|hr|i|li|ol|p|pre|small|span|strong|ul)\b[^>]*>", re.IGNORECASE
)

OF_OTHERS = (Http404, PermissionDenied, ImproperCredentialsException, OperationalError, InterfaceError)
"""What a page lets through while a plugin takes part in it; it is answered elsewhere."""

JOB_ENDS = (JobCancelled, JobTimedOut, RunAgain)
"""What ends the job that a plugin runs in; no fault of the plugin."""


class PluginFailedError(Exception):
    """A plugin did not do what was asked; the text may be shown to a user."""


@contextmanager
def plugin_reported(title: str, *, letting: tuple[type[Exception], ...] = ()) -> Iterator[None]:
    """Raise `PluginFailedError` in place of what a plugin raises; `JOB_ENDS` go through.

    Parameters
    ----------
    title : str
        What the sentence calls the plugin.
    letting : tuple of exception classes
        Which go through as they are.

    Raises
    ------
    PluginFailedError
    """
    try:
        with remote.reported(title):
            yield
    except (*letting, *JOB_ENDS):
        raise
    except _SPOKEN as error:
        raise PluginFailedError(_spoken(error) or f"{title} has no answer.") from error
    except NotImplementedError as error:  # how older brokers speak to their user
        raise PluginFailedError(f"{title} cannot do that: {_spoken(error) or 'not offered'}") from error
    except Exception as error:
        logger.exception("%s failed", title)
        said = _text(error).rstrip(".")
        words = f"{type(error).__name__}: {said}" if said else type(error).__name__
        raise PluginFailedError(
            f"{title} failed: {words}. Its plugin may not fit the service any more."
        ) from error


def _text(problem: Exception) -> str:
    return str(problem).strip()[:_LONGEST]


def _spoken(problem: Exception) -> str:
    """Return what a plugin tells its user; plugins may write HTML, of which the words and addresses stay."""
    text = _LINK.sub(r"\2 (\1)", str(problem))
    return " ".join(html.unescape(_TAG.sub(" ", text)).split())[:_LONGEST]
