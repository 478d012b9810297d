"""What is wrong with entries of ``ALERT_STREAMS``, in sentences, without asking any broker.

Called by ``manage.py check`` and, for streams that nobody reads, by their page.
"""

from __future__ import annotations

import difflib
import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any

from confluent_kafka import Consumer, KafkaException
from django.core.exceptions import ImproperlyConfigured

from tom_alertstreams.alertstreams.alertstream import AlertStream, get_alert_streams, stream_labels
from tom_alertstreams.complaints import sentence_of_settings
from tom_common.hooks import import_method
from tom_dataservices.plugin_errors import JOB_ENDS

logger = logging.getLogger(__name__)

_STARTS = ("EARLIEST", "LATEST")
_MISFITS = (TypeError, ValueError, LookupError, AttributeError)
"""What a class raises that is given options of the wrong kind, such as a text for a number."""


ASK_AGAIN_S = 600.0
_answers: dict[str, tuple[float, list[str]]] = {}


def remembered_problems_of(entry: Any) -> list[str]:
    """Return what `problems_of` told of an entry in the last ten minutes; asked again after that.

    For a page that is drawn every few seconds: to ask makes the class of a plugin, its store and its reader.
    """
    key = repr(entry)
    asked_at, problems = _answers.get(key, (0.0, []))
    if key not in _answers or time.monotonic() - asked_at >= ASK_AGAIN_S:
        problems = problems_of(entry)
        _answers[key] = time.monotonic(), problems
    return problems


def problems_of(entry: Any, *, thoroughly: bool = False) -> list[str]:
    """Return what is wrong with an entry of ``ALERT_STREAMS``; nothing for one that is not active.

    Parameters
    ----------
    entry : dict
    thoroughly : bool
        Have librdkafka look at its settings, too; that starts some threads for a moment.
    """
    if not isinstance(entry, Mapping):
        return [f"it is {entry!r}; expected a dict with NAME and OPTIONS"]
    if not entry.get("ACTIVE", True):
        return []
    options = entry.get("OPTIONS", {})
    if not isinstance(options, Mapping):
        return [f"its OPTIONS are {options!r}; expected a dict"]
    try:
        return _of_active(entry, options, thoroughly=thoroughly)
    except Exception as error:  # a plugin may raise anything, and the other entries are told all the same
        logger.exception("the alert stream %s cannot be looked at", entry.get("NAME"))
        return [f"its class raises {type(error).__name__}: {error}"]


def _of_active(entry: Mapping[str, Any], options: Mapping[str, Any], *, thoroughly: bool) -> list[str]:
    found = _unknown(entry, options)
    try:
        (stream,) = get_alert_streams([{**entry, "OPTIONS": _without(options, found)}])
    except ImproperlyConfigured as error:
        return [str(error).rstrip("."), *found.values()]
    except _MISFITS as error:
        return [f"{type(error).__name__}: {error}", *found.values()]
    return [*found.values(), *_of_options(options), *_of_stream(stream, thoroughly=thoroughly)]


def _unknown(entry: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, str]:
    """Return a sentence for each option that the class does not know."""
    try:
        cls = import_method(str(entry.get("NAME", "")))
    except ImportError:
        return {}
    known = [*getattr(cls, "required_keys", ()), *getattr(cls, "allowed_keys", ())]
    if not known:
        return {}
    found = {}
    for name in options:
        if name not in known:
            near = difflib.get_close_matches(str(name).upper(), known, n=1)
            found[name] = f"{cls.__name__} does not know the option {name}" + (
                f"; did you mean {near[0]}?" if near else f"; it knows {', '.join(dict.fromkeys(known))}"
            )
    return found


def _without(options: Mapping[str, Any], unknown: Mapping[str, str]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name not in unknown}


def _of_options(options: Mapping[str, Any]) -> list[str]:
    start = options.get("START_POSITION")
    if start and str(getattr(start, "name", start)) not in _STARTS:
        return [f"START_POSITION is {start!r}; expected {' or '.join(_STARTS)}"]
    return []


def _of_stream(stream: AlertStream, *, thoroughly: bool) -> list[str]:
    if not hasattr(stream, "kafka_settings"):
        return []
    try:
        settings = stream.kafka_settings()
        stream.reader()  # type: ignore[attr-defined]
    except _MISFITS as error:
        return [f"its options cannot be used, {type(error).__name__}: {error}"]
    found = _of_settings(stream, settings)
    if thoroughly and not found:
        found = _of_librdkafka(settings)
    return found


def _of_settings(stream: AlertStream, settings: Mapping[str, Any]) -> list[str]:
    """Return what is empty that must not be, as from a variable of the environment that is not set."""
    found = []
    options: Mapping[str, Any] = getattr(stream, "options", {})
    if not settings.get("bootstrap.servers"):
        found.append("its URL is empty; expected host:port, several separated by commas")
    if not settings.get("group.id"):
        found.append("its group is empty: name one in GROUP_ID, under which offsets are kept")
    mechanism = str(settings.get("sasl.mechanism") or settings.get("sasl.mechanisms") or "").upper()
    logs_in = str(settings.get("security.protocol", "")).upper().startswith("SASL")
    if logs_in and mechanism != "GSSAPI":
        names = ("sasl.username", "sasl.password")
        if mechanism == "OAUTHBEARER":
            names = ("sasl.oauthbearer.client.id", "sasl.oauthbearer.client.secret")
        empty = [name for name in names if not settings.get(name)]
        if empty:
            found.append(f"it is to log in, and {' and '.join(empty)} are empty: {_HOW}")
    elif "PASSWORD" in options and options.get("USERNAME") and not options["PASSWORD"] and mechanism:
        found.append(f"its PASSWORD is empty: {_HOW}")
    return found


_HOW = "is a variable of the environment not set?"


def _of_librdkafka(settings: Mapping[str, Any]) -> list[str]:
    """Have librdkafka look at its settings, with no address to connect to and no token to fetch."""
    offline = {
        name: value
        for name, value in settings.items()
        if not name.startswith(("bootstrap", "metadata.broker", "sasl.oauthbearer"))
    }
    if "OAUTHBEARER" in (settings.get("sasl.mechanism"), settings.get("sasl.mechanisms")):
        offline = {name: value for name, value in offline.items() if not name.startswith("sasl")}
        offline["security.protocol"] = "SSL"
    try:
        Consumer(offline).close()
    except KafkaException as error:
        return [sentence_of_settings(error.args[0], settings).rstrip(".")]
    return []


def usable_alert_streams(entries: Sequence[Any]) -> tuple[list[AlertStream], list[str]]:
    """Return the active streams of a list of entries, and a sentence for each that cannot be made."""
    streams: list[AlertStream] = []
    problems = []
    for entry, label in zip(entries, stream_labels(entries), strict=True):
        try:
            made = get_alert_streams([entry])
        except ImproperlyConfigured as error:
            problems.append(f"{label}: {error}")
            continue
        except _MISFITS as error:
            problems.append(f"{label}: its options cannot be used, {type(error).__name__}: {error}.")
            continue
        except JOB_ENDS:  # a letter is used again in a job
            raise
        except Exception as error:  # a plugin may raise anything, and the other streams are read all the same
            logger.exception("the alert stream %s cannot be made", label)
            problems.append(f"{label}: its class raises {type(error).__name__}: {error}.")
            continue
        for stream in made:
            stream.label = label
            streams.append(stream)
    return streams, problems
