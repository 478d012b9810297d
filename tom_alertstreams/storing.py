"""Stores a batch of messages exactly once: rows, dead letters and offsets in one transaction."""

from __future__ import annotations

import datetime as dt
import logging
import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from django.db import transaction
from django.utils import timezone

from tom_alertstreams.keeping import keep_letters
from tom_alertstreams.models import DeadLetter
from tom_alertstreams.offsets import DATABASE_AWAY, OffsetKeeper, Stored, message_of
from tom_common.history import change_run
from tom_common.remote import RemoteUnavailable
from tom_dataproducts.summaries import refresh_summaries
from tom_dataservices.ingest import IngestOptions, IngestReport
from tom_dataservices.ingest.known import KnownPoints
from tom_dataservices.ingest.run import ingest_batch
from tom_dataservices.packets import (
    AlertBatch,
    SchemaStore,
    StreamMessage,
    learn_schemas,
    read_message_batches,
)
from tom_dataservices.plugin_errors import JOB_ENDS

logger = logging.getLogger(__name__)


def bury(keeper: OffsetKeeper, message: StreamMessage, reason: str) -> Stored:
    """Keep a message that cannot be used and move the offset behind it, unless it was stored before."""
    with transaction.atomic():
        fresh = keeper.advance([message])
        keep_letters(keeper.group, [(one, reason) for one in fresh])
    return Stored(dead=len(fresh))


class PacketStore(OffsetKeeper):
    """Makes targets and data of alert packets.

    Parameters
    ----------
    group : str
        Consumer group, under which offsets are kept.
    options : IngestOptions
    schemas : SchemaStore
    with_cutouts : bool
    """

    def __init__(
        self, group: str, options: IngestOptions, schemas: SchemaStore, *, with_cutouts: bool = True
    ) -> None:
        super().__init__(group)
        self.options = options
        self.schemas = schemas
        self.with_cutouts = with_cutouts
        self.known = KnownPoints()
        self._begun: deque[tuple[list[StreamMessage], Future[list[AlertBatch]]]] = deque()
        self._decoding = threading.Lock()
        self._thread: ThreadPoolExecutor | None = None
        self._run: Any = None
        self._run_hour: dt.datetime | None = None

    def _change_run(self) -> Any:
        """Return the change set of this hour, so that the history of a stream comes in pieces."""
        hour = timezone.now().replace(minute=0, second=0, microsecond=0)
        if hour != self._run_hour:
            title = f"Stream {self.group}, {hour:%Y-%m-%d %H} h UTC"
            self._run, self._run_hour = change_run(self.options.user, kind="ingest", title=title), hour
        return self._run

    def begin(self, messages: Sequence[StreamMessage]) -> bool:
        """Begin to decode messages beside what is stored meanwhile; `store` is handed the same ones later.

        Returns
        -------
        bool
            True: something was begun.
        """
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"decode-{self.group}")
        self._begun.append((list(messages), self._thread.submit(self._decode, messages)))
        return True

    def _decode(self, messages: Sequence[StreamMessage]) -> list[AlertBatch]:
        with self._decoding:  # schemas and decoders are shared by both threads
            learn_schemas(messages, self.schemas)
            return list(
                read_message_batches(
                    messages, self.schemas, batch_size=max(1, len(messages)), with_cutouts=self.with_cutouts
                )
            )

    def _decoded(self, messages: Sequence[StreamMessage]) -> list[AlertBatch] | None:
        """Return what was begun for these messages, once; None if nothing was, or if it broke.

        Raises
        ------
        RemoteUnavailable
            If the schema registry does not answer.
        """
        while self._begun:
            begun, work = self._begun.popleft()
            if begun == list(messages):
                try:
                    return work.result()
                except RemoteUnavailable:
                    raise
                except Exception:  # decoded once more below, where the one that breaks it is found
                    logger.info("%s messages could not be decoded together", len(messages), exc_info=True)
                    return None
            work.cancel()
        return None

    def use_all(self, messages: Sequence[StreamMessage]) -> None:
        """Store messages and how far they reach, or nothing of both.

        A message that breaks the batch is found by halves and becomes a dead letter; the others are stored.
        So is one at which the database fails `TRIES` times, and then takes the letter. The summaries of the
        light curves that changed are stale afterwards; whoever calls computes them anew.

        Raises
        ------
        OperationalError, InterfaceError
            If the database cannot be reached, or is locked: try again; what was stored is left out then.
        RemoteUnavailable
            If the schema registry does not answer: nothing was stored; try again.
        """
        if not messages:
            return
        decoded = self._decoded(messages)
        if decoded is None:
            with self._decoding:
                learn_schemas(messages, self.schemas)
        self._use(messages, decoded, blames=False)

    def _use(
        self, messages: Sequence[StreamMessage], decoded: list[AlertBatch] | None, *, blames: bool
    ) -> None:
        try:
            with transaction.atomic():
                result = self._store(messages, decoded)
        except RemoteUnavailable:
            raise
        except Exception as error:  # one message may break what is done for all
            if isinstance(error, DATABASE_AWAY):
                blames = blames or self.is_to_blame(messages[0])
                if not blames:
                    raise
            if len(messages) == 1:
                logger.exception("message %s of %s cannot be stored", messages[0].offset, messages[0].place)
                # Where it is the database that does not do, this raises the same, and all wait on.
                self.done.add(buried := bury(self, messages[0], reason_of(error)))
                self.on_done(buried)
                return
            middle = len(messages) // 2
            self._use(messages[:middle], None, blames=blames)
            self._use(messages[middle:], None, blames=blames)
        else:
            self.done.add(result)
            self.on_done(result)

    def _store(self, messages: Sequence[StreamMessage], decoded: list[AlertBatch] | None) -> Stored:
        fresh = self.advance(messages)
        if decoded is None or len(fresh) < len(messages):  # another process has stored some of them
            decoded = self._decode(fresh)
        result = Stored()
        by_place = {(message.place, message.offset): message for message in fresh}
        buried: set[tuple[str, int]] = set()  # a message may hold many alerts, and is one letter
        for batch in decoded:
            rejected, batch.rejected = batch.rejected, []
            batch.received -= len(rejected)
            reasons: dict[tuple[str, int], str] = {}
            for one in rejected:
                if (place := (one.file, one.number)) in by_place and place not in buried:
                    reasons.setdefault(place, one.reason)
            keep_letters(self.group, [(by_place[place], reason) for place, reason in reasons.items()])
            buried |= set(reasons)
            if batch.received:
                report, changed = self.ingest(batch)
                result.new_targets += report.new_targets
                result.new_data += report.new_data
                result.changed |= changed
        result.dead = len(buried)
        result.used = len(fresh) - result.dead
        return result

    def ingest(self, batch: AlertBatch) -> tuple[IngestReport, set[int]]:
        """Store a batch of alerts, in the transaction of their offsets; streams may add to it."""
        return ingest_batch(batch, self.options, self._change_run(), known=self.known)

    def replay(self, letter: DeadLetter) -> str:
        """Use a dead letter once more and return why it cannot be used still; empty if it was."""
        return self.use(message_of(letter))

    def use(self, message: StreamMessage) -> str:
        """Store one message, whatever was read before, and return why it cannot be; empty if it was.

        Whatever a message breaks is the reason why it stays; what ends the job goes through.
        """
        try:
            return self.take(message)
        except JOB_ENDS:
            raise
        except Exception as error:  # the edge of the loop: the next dead letter has its turn
            logger.info("message %s of %s cannot be used", message.offset, message.place, exc_info=True)
            return reason_of(error)

    def take(self, message: StreamMessage) -> str:
        """Store one message and return what its packets lack, or nothing; raise what breaks at it."""
        changed: set[int] = set()
        reason = ""
        learn_schemas([message], self.schemas)
        with transaction.atomic():
            for batch in read_message_batches([message], self.schemas, with_cutouts=self.with_cutouts):
                if batch.rejected:
                    reason = batch.rejected[0].reason
                    break
                changed |= self.ingest(batch)[1]
        if changed:
            refresh_summaries(sorted(changed))
        return reason


def reason_of(error: Exception) -> str:
    """Return what a dead letter says of an error."""
    return f"{type(error).__name__}: {error}"
