"""Gives messages of a stream to handlers, each once, and keeps those that a handler cannot use."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from django.db import OperationalError, transaction

from tom_alertstreams.models import DeadLetter
from tom_alertstreams.offsets import OffsetKeeper, Partition, letter_of, message_of
from tom_alertstreams.storing import Stored
from tom_dataservices.packets import StreamMessage

logger = logging.getLogger(__name__)

Decode = Callable[[StreamMessage], "tuple[Any, ...] | None"]


class MessageStore(Protocol):
    """What a reader hands its batches to."""

    def next_offsets(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        """Return where reading goes on."""

    def rewind(self, topic: str, partition: int, offset: int) -> None:
        """Note that a partition is read again from an offset."""

    def store(self, messages: Sequence[StreamMessage]) -> Stored:
        """Use messages, each once."""

    def replay(self, letter: DeadLetter) -> str:
        """Use a dead letter once more and return why it cannot be used still; empty if it was."""


class UndecodableError(ValueError):
    """A message that is not what its topic promises."""


class HandlerStore(OffsetKeeper):
    """Calls a handler for each message, in the transaction that notes that the message is done.

    What a handler writes into the database is therefore there once, whenever the process ends. A handler that
    catches an error of the database and goes on cannot work in a transaction: its work is taken back and done
    again outside of one, from then on always; a message may then be handled twice after a crash.

    Parameters
    ----------
    group : str
        Consumer group, under which offsets are kept.
    handler : callable
    decode : callable
        Makes the arguments of the handler from a message; None if the message is not for handlers.
    """

    def __init__(self, group: str, handler: Callable[..., Any], decode: Decode) -> None:
        super().__init__(group)
        self.handler = handler
        self.decode = decode
        self._in_transaction = True

    def store(self, messages: Sequence[StreamMessage]) -> Stored:
        """Hand over messages one by one; one that the handler cannot use becomes a dead letter.

        Raises
        ------
        OperationalError
            If the database cannot be reached; messages handed over before stay so.
        """
        result = Stored()
        for message in messages:
            result.add(self._store_one(message))
        return result

    def _store_one(self, message: StreamMessage) -> Stored:
        if not self.is_fresh(message):
            return Stored(known=1)
        try:
            self._hand_over(message, note=True)
        except OperationalError:
            raise
        except Exception as error:  # a handler is code of others; its message is kept, the next one comes
            if not isinstance(error, UndecodableError):
                logger.exception("the handler of %s broke at offset %s", message.place, message.offset)
            return self._bury(message, _reason(error))
        return Stored(used=1)

    def _hand_over(self, message: StreamMessage, *, note: bool) -> None:
        """Call the handler; with `note`, the offset is moved behind the message in the same transaction."""
        arguments = self.decode(message)
        if arguments is not None and self._in_transaction:
            self._in_transaction = not self._breaks_transaction(message, arguments, note=note)
            if self._in_transaction:
                return
        if arguments is not None:
            self.handler(*arguments)
        if note:
            with transaction.atomic():
                self.advance([message])

    def _breaks_transaction(self, message: StreamMessage, arguments: tuple[Any, ...], *, note: bool) -> bool:
        """Hand over in a transaction, and tell whether the handler left it broken: then nothing was done."""
        connection = transaction.get_connection()
        broken = False
        try:
            with transaction.atomic():
                if note:
                    self.advance([message])
                with transaction.atomic():
                    try:
                        self.handler(*arguments)
                    finally:
                        broken = connection.needs_rollback
                if broken:
                    raise _BrokenError
        except _BrokenError:
            pass
        except Exception:
            if not broken:
                raise
        if broken:
            logger.warning(
                "%s went on after an error of the database; it is called outside of transactions from now on",
                getattr(self.handler, "__qualname__", self.handler),
            )
        return broken

    def _bury(self, message: StreamMessage, reason: str) -> Stored:
        with transaction.atomic():
            fresh = self.advance([message])
            DeadLetter.objects.bulk_create(
                [letter_of(self.group, one, reason) for one in fresh], ignore_conflicts=True
            )
        return Stored(dead=len(fresh), known=1 - len(fresh))

    def replay(self, letter: DeadLetter) -> str:
        """Call the handler once more and return why it cannot use the message still; empty if it did."""
        try:
            self._hand_over(message_of(letter), note=False)
        except Exception as error:
            logger.info("dead letter %s cannot be used still", letter.pk, exc_info=True)
            return _reason(error)
        return ""


class _BrokenError(Exception):
    """Takes a transaction back."""


class StoreByTopic(OffsetKeeper):
    """Gives the messages of each topic to a store of its own, so that none holds another up.

    Parameters
    ----------
    group : str
    make_store : callable
        Makes the store of a topic.
    """

    def __init__(self, group: str, make_store: Callable[[str], MessageStore]) -> None:
        super().__init__(group)
        self._make_store = make_store
        self._stores: dict[str, MessageStore] = {}

    def of(self, topic: str) -> MessageStore:
        """Return the store of a topic."""
        if topic not in self._stores:
            self._stores[topic] = self._make_store(topic)
        return self._stores[topic]

    def store(self, messages: Sequence[StreamMessage]) -> Stored:
        """Use messages, each by the store of its topic, in their order within the topic."""
        by_topic: dict[str, list[StreamMessage]] = {}
        for message in messages:
            by_topic.setdefault(message.topic, []).append(message)
        result = Stored()
        for topic, some in by_topic.items():
            result.add(self.of(topic).store(some))
        return result

    def replay(self, letter: DeadLetter) -> str:
        """Use a dead letter once more by the store of its topic."""
        return self.of(letter.topic).replay(letter)


def _reason(error: Exception) -> str:
    if isinstance(error, UndecodableError):
        return str(error)
    return f"the handler failed, {type(error).__name__}: {error}"
