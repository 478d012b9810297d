"""The interface of streams of alerts: ``AlertStream``, made of an entry of ``ALERT_STREAMS``."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from django.core.exceptions import ImproperlyConfigured

from tom_alertstreams import conf
from tom_common.hooks import import_method

logger = logging.getLogger(__name__)


class AlertStream(ABC):
    """A stream of alerts.

    Parameters
    ----------
    **kwargs
        The ``OPTIONS`` of its entry in ``ALERT_STREAMS``. Each of `allowed_keys` that is given becomes an
        attribute in lower case; others are left out, with a warning.

    Raises
    ------
    ImproperlyConfigured
        If one of `required_keys` is missing, or a handler cannot be imported.

    Attributes
    ----------
    required_keys, allowed_keys : list of str
        Names of options.
    label : str
        What pages call the stream; given by `get_alert_streams`.
    alert_handler : dict of str to callable
        What is called for an alert, by topic; from the option ``TOPIC_HANDLERS``.
    """

    label = ""
    required_keys: ClassVar[list[str]] = []
    allowed_keys: ClassVar[list[str]] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        missing = [key for key in self.required_keys if key not in kwargs]
        if missing:
            raise ImproperlyConfigured(
                f"The alert stream {type(self).__name__} lacks the options {', '.join(missing)}: add them to"
                " its OPTIONS in settings.ALERT_STREAMS."
            )
        known = {*self.allowed_keys, *self.required_keys}
        for key, value in kwargs.items():
            if key in known:
                setattr(self, key.lower(), value)
            else:
                logger.warning("%s does not know the option %s", type(self).__name__, key)
        self.alert_handler = self._process_topic_handlers()

    def _process_topic_handlers(self) -> dict[str, Callable[..., Any]]:
        handlers = getattr(self, "topic_handlers", None) or {}
        try:
            return {topic: import_method(path) for topic, path in handlers.items()}
        except ImportError as error:
            raise ImproperlyConfigured(
                f"The alert stream {type(self).__name__} names a handler that cannot be used: {error}"
            ) from error

    @abstractmethod
    def listen(self) -> None:
        """Read the stream until the process ends."""


def get_alert_streams(alert_stream_configs: list[dict[str, Any]]) -> list[AlertStream]:
    """Return the streams of a list of entries, those left out that are not active.

    Raises
    ------
    ImproperlyConfigured
        If an entry is no dict or lacks an option, or its class cannot be imported.
    """
    streams = []
    labels = stream_labels(alert_stream_configs)
    for entry, label in zip(alert_stream_configs, labels, strict=True):
        if not isinstance(entry, Mapping):
            raise ImproperlyConfigured(
                f"An entry of settings.ALERT_STREAMS is {entry!r}; expected a dict with NAME and OPTIONS."
            )
        if not entry.get("ACTIVE", True):
            logger.debug("the alert stream %s is not active", entry.get("NAME"))
            continue
        try:
            cls = import_method(entry["NAME"])
        except KeyError as error:
            raise ImproperlyConfigured("An entry of settings.ALERT_STREAMS lacks its NAME.") from error
        except ImportError as error:
            raise ImproperlyConfigured(
                f"settings.ALERT_STREAMS names {entry['NAME']}, which cannot be imported: {error}"
            ) from error
        options = entry.get("OPTIONS", {})
        if not isinstance(options, Mapping):
            raise ImproperlyConfigured(
                f"The OPTIONS of {entry['NAME']} in settings.ALERT_STREAMS are {options!r}; expected a dict."
            )
        stream = cls(**options)
        stream.label = label
        streams.append(stream)
    return streams


def stream_labels(alert_stream_configs: Sequence[Any]) -> list[str]:
    """Return what pages call the streams of a list of entries, each its own.

    It is the entry's ``LABEL``, or the name of its class; a second one of the same is numbered. One that is
    no dict is "unnamed".
    """
    seen: dict[str, int] = {}
    labels = []
    for one in alert_stream_configs:
        entry = one if isinstance(one, Mapping) else {}
        word = str(entry.get("LABEL") or str(entry.get("NAME", "")).rpartition(".")[2] or "unnamed")
        seen[word] = seen.get(word, 0) + 1
        labels.append(word if seen[word] == 1 else f"{word} {seen[word]}")
    return labels


def is_active(entry: Any) -> bool:
    """Tell whether an entry of ``ALERT_STREAMS`` is to be read; one that is no dict is, and cannot be."""
    return bool(entry.get("ACTIVE", True)) if isinstance(entry, Mapping) else True


def get_default_alert_streams() -> list[AlertStream]:
    """Return the streams of the setting ``ALERT_STREAMS``."""
    return get_alert_streams(conf.alert_streams())


def alert_logger(alert: Any, *details: Any) -> None:
    """Log a message of any stream, with what its stream tells beside it.

    Earlier versions of the published package had it here, and its instructions still name it.
    """
    logger.info("alert_logger alert: %s%s", alert, "".join(f"; {one}" for one in details))
