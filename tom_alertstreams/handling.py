"""Gives messages of a stream to handlers, each once, and keeps those that a handler cannot use."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

import requests
from django.db import InternalError, transaction
from django.db.transaction import TransactionManagementError
from django.utils import timezone

from tom_alertstreams.models import DeadLetter
from tom_alertstreams.offsets import DATABASE_AWAY, OffsetKeeper, Partition, Stored, message_of
from tom_alertstreams.storing import bury
from tom_common.remote import RemoteUnavailable, translated
from tom_dataservices.packets import StreamMessage
from tom_dataservices.plugin_errors import JOB_ENDS

logger = logging.getLogger(__name__)

Decode = Callable[[StreamMessage], "tuple[Any, ...] | None"]
_IN_FAILED_TRANSACTION = "25P02"  # PostgreSQL: a statement behind one that failed


class MessageStore(Protocol):
    """What a reader hands its batches to."""

    identities: dict[str, str]
    gone: set[str]
    on_done: Callable[[Stored], None]

    def next_offsets(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        """Return where reading goes on."""

    def rewind(self, topic: str, partition: int, offset: int) -> None:
        """Note that a partition is read again from an offset."""

    def begin(self, messages: Sequence[StreamMessage]) -> bool:
        """Begin what can be done beside the storing of the messages before; tell whether something was."""

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

    def use_all(self, messages: Sequence[StreamMessage]) -> None:
        """Hand over messages one by one; one that the handler cannot use becomes a dead letter.

        Raises
        ------
        OperationalError, InterfaceError
            If the database cannot be reached; messages handed over before stay so. A message at which it
            fails `TRIES` times, and then takes a dead letter, becomes one.
        RemoteUnavailable
            If the handler raises it; likewise. If decoding raises it, the message waits however long that
            takes. An error of ``requests`` makes a dead letter at once: nobody knows what the handler had
            sent before.
        """
        for message in messages:
            done = self._store_one(message)
            self.done.add(done)
            self.on_done(done)

    def _store_one(self, message: StreamMessage) -> Stored:
        if not self.is_fresh(message):
            return Stored()
        is_decoded = False
        try:
            arguments = self.decode(message)
            is_decoded = True
            used = self._hand_over(arguments, lambda: bool(self.advance([message])))
        except (*DATABASE_AWAY, RemoteUnavailable) as error:
            if isinstance(error, RemoteUnavailable) and not is_decoded:
                raise  # a registry of schemas is away: the handler was not even called
            is_repeatable = not getattr(error, "may_have_obeyed", False)
            if is_repeatable and not self.is_to_blame(message):
                raise
            logger.exception(
                "the handler of %s broke at offset %s, again and again", message.place, message.offset
            )
            # Where it is the database that does not do, this raises the same, and the message waits on.
            return bury(self, message, _reason(error))
        except Exception as error:  # a handler is code of others; its message is kept, the next one comes
            if not isinstance(error, UndecodableError):
                logger.exception("the handler of %s broke at offset %s", message.place, message.offset)
            return bury(self, message, _reason(error))
        return Stored(used=int(used))

    def _hand_over(self, arguments: tuple[Any, ...] | None, note: Callable[[], bool]) -> bool:
        """Call the handler, and note in the same transaction that it was given the message.

        Parameters
        ----------
        arguments : tuple or None
            None: the message is not for handlers.
        note : callable
            Writes so, and locks the row where it stands; returns False if there was nothing left to note.

        Returns
        -------
        bool
            False if another process has used the message meanwhile: the handler was not called.
        """
        if arguments is not None and self._in_transaction:
            try:
                return self._hand_over_in_transaction(arguments, note)
            except _BrokenError:
                self._in_transaction = False
                logger.warning(
                    "%s went on after an error of the database; it is called outside of transactions from"
                    " now on",
                    self._handler_name,
                )
        if arguments is not None:
            self.handler(*arguments)
        with transaction.atomic():
            note()
        return True

    def _hand_over_in_transaction(self, arguments: tuple[Any, ...], note: Callable[[], bool]) -> bool:
        """Hand over in a transaction, where it is noted, and the row locked, before the handler is called.

        Raises
        ------
        _BrokenError
            If the handler caught an error of the database and went on: all of it is taken back. An error
            that leaves the handler is raised as it is.
        """
        connection = transaction.get_connection()
        with transaction.atomic():
            if not note():
                return False
            try:
                with transaction.atomic():
                    self._call(arguments, connection)
            except InternalError as error:
                if _follows_a_failure(error):
                    raise _BrokenError from error
                raise
        return True

    def _call(self, arguments: tuple[Any, ...], connection: Any) -> None:
        try:
            self.handler(*arguments)
        except TransactionManagementError as error:
            if connection.needs_rollback:
                raise _BrokenError from error
            raise
        if connection.needs_rollback:
            raise _BrokenError

    @property
    def _handler_name(self) -> str:
        return str(getattr(self.handler, "__qualname__", self.handler))

    def replay(self, letter: DeadLetter) -> str:
        """Call the handler once more and return why it cannot use the message still; empty if it did.

        The letter is noted as used in the transaction of the handler: a process that is killed leaves both
        or neither.
        """
        waiting = DeadLetter.objects.filter(pk=letter.pk, replayed=None)
        try:
            used = self._hand_over(
                self.decode(message_of(letter)),
                lambda: bool(waiting.update(replayed=timezone.now(), in_hand_since=None)),
            )
        except JOB_ENDS:
            raise
        except Exception as error:
            logger.info("dead letter %s cannot be used still", letter.pk, exc_info=True)
            return _reason(error)
        return "" if used else "it was used or discarded meanwhile"


class _BrokenError(Exception):
    """Takes a transaction back."""


def _follows_a_failure(error: Exception) -> bool:
    """Tell whether an error only says that a statement before it had failed."""
    cause = error.__cause__
    return _IN_FAILED_TRANSACTION in (getattr(cause, "pgcode", ""), getattr(cause, "sqlstate", ""))


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
            self._stores[topic].identities, self._stores[topic].gone = self.identities, self.gone
            self._stores[topic].on_done = lambda done: self.on_done(done)
        return self._stores[topic]

    def begin(self, messages: Sequence[StreamMessage]) -> bool:
        """Let the store of each topic begin with its messages."""
        return any([self.of(topic).begin(some) for topic, some in _by_topic(messages).items()])

    def use_all(self, messages: Sequence[StreamMessage]) -> None:
        """Use messages, each by the store of its topic, in their order within the topic."""
        for topic, some in _by_topic(messages).items():
            self.done.add(self.of(topic).store(some))

    def replay(self, letter: DeadLetter) -> str:
        """Use a dead letter once more by the store of its topic."""
        return self.of(letter.topic).replay(letter)


def _by_topic(messages: Sequence[StreamMessage]) -> dict[str, list[StreamMessage]]:
    found: dict[str, list[StreamMessage]] = {}
    for message in messages:
        found.setdefault(message.topic, []).append(message)
    return found


def _reason(error: Exception) -> str:
    if isinstance(error, UndecodableError):
        return str(error)
    if isinstance(error, requests.RequestException):  # its own words may hold an address with a key
        return f"the handler failed, {type(error).__name__}: {translated('A service that it asks', error)}"
    return f"the handler failed, {type(error).__name__}: {error}"
