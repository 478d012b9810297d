"""Tells of streams that do not tell of themselves; called by the main thread of ``manage.py readstreams``."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, InterfaceError, close_old_connections

from tom_alertstreams.counts import forget_gone_processes
from tom_alertstreams.models import StreamState

logger = logging.getLogger(__name__)

TELL_EVERY_S = 5.0
Word = StreamState.Word


class Heartbeats:
    """Writes how a stream is where its own reader does not: a class of others, one that ended or fails.

    Parameters
    ----------
    left_out : mapping of str to str
        Why entries are not read, by label.
    """

    def __init__(self, left_out: Mapping[str, str]) -> None:
        self._left_out = left_out
        self._failed: dict[str, tuple[str, str]] = {}
        self._told_at: float | None = None
        self._told: set[str] = set()

    def begins(self, stream: Any) -> None:
        """Note that a stream is listened to, for the first time or again."""
        self._failed.pop(stream.label, None)

    def failed(self, stream: Any, error: Exception) -> None:
        """Note that a stream ended with an error, and is begun again after a pause."""
        if isinstance(error, ImproperlyConfigured):
            self._failed[stream.label] = Word.UNUSABLE, str(error)
            return
        text = f"It ended with {type(error).__name__} and is begun again; the log of readstreams has more."
        self._failed[stream.label] = Word.CONNECTING, text

    def tell(self, pairs: Iterable[tuple[Any, bool]]) -> None:
        """Write what is due every five seconds; `pairs` are streams, and whether their threads live."""
        now = time.monotonic()
        if self._told_at is not None and now - self._told_at < TELL_EVERY_S:
            return
        self._told_at = now
        words = {label: (Word.UNUSABLE, text) for label, text in self._left_out.items()}
        for stream, is_alive in pairs:
            if not is_alive:
                words[stream.label] = Word.STOPPED, ""
            elif failed := self._failed.get(stream.label):
                words[stream.label] = Word(failed[0]), failed[1]
            elif not hasattr(stream, "reader"):  # a KafkaReader tells of itself
                words[stream.label] = Word.READING, ""
        self._write(words)

    def end(self) -> None:
        """Write that the process ends, for the streams that were told of."""
        self._write(dict.fromkeys(self._told, (Word.STOPPED, "")))

    def _write(self, words: Mapping[str, tuple[str, str]]) -> None:
        try:
            for label, (word, text) in words.items():
                StreamState.objects.update_or_create(
                    stream=label,
                    process=f"{socket.gethostname()}:{os.getpid()}",
                    defaults={"word": word, "error": text},
                )
                if label not in self._told:
                    forget_gone_processes(label)
                    self._told.add(label)
        except (DatabaseError, InterfaceError):  # the streams are read on, and this is told the next time
            logger.warning("how the streams are cannot be told now", exc_info=True)
            close_old_connections()
