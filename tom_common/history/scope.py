"""Who changes something now, and which change set it belongs to.

A change set is opened by a service (``change_set``), or opens itself for a write outside of any: then all
writes of one request, of one job, or, elsewhere, of one transaction share it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.contrib.auth import get_user_model
from django.db import DEFAULT_DB_ALIAS, connections, transaction

from tom_common.history.recorder import Header, Recorder

_explicit: ContextVar[Recorder | None] = ContextVar("tom_history_change_set", default=None)
_is_off: ContextVar[bool] = ContextVar("tom_history_is_off", default=False)


class Scope:
    """A request or a job: what it writes outside of any change set belongs together."""

    def __init__(self, *, request: Any = None, job_id: int | None = None, user_id: int | None = None) -> None:
        self.request = request
        self.job_id = job_id
        self.user_id = user_id
        self.recorders: dict[str, Recorder] = {}

    def header(self) -> Header:
        """Return who acts; asked for at the first write, when a token has told the user."""
        if self.request is not None:
            user = getattr(self.request, "user", None)
            known = user is not None and user.is_authenticated
            is_api = self.request.path_info.startswith("/api/")
            return Header(
                user.pk if known else None,
                user.get_username() if known else "",
                origin="api" if is_api else "page",
            )
        return Header(self.user_id, _name_of(self.user_id), origin="job", job_id=self.job_id)


_scope: ContextVar[Scope | None] = ContextVar("tom_history_scope", default=None)


def _name_of(user_id: int | None) -> str:
    if user_id is None:
        return ""
    user = get_user_model()._default_manager.filter(pk=user_id).first()
    return user.get_username() if user is not None else ""


@contextmanager
def acting(scope: Scope) -> Iterator[None]:
    """Let writes inside the block be those of a request or a job."""
    token = _scope.set(scope)
    try:
        yield
    finally:
        _scope.reset(token)


@contextmanager
def unrecorded() -> Iterator[None]:
    """Write no history inside the block: its writer tells by himself, or takes history away as well."""
    token = _is_off.set(True)
    try:
        yield
    finally:
        _is_off.reset(token)


def is_recording() -> bool:
    """Tell whether writes are noted."""
    return not _is_off.get()


def _header(author: Any, kind: str, title: str, reason: str) -> Header:
    scope = _scope.get()
    header = scope.header() if scope is not None else Header(origin="command")
    if author is not None and getattr(author, "is_authenticated", False):
        header.author_id, header.author_name = author.pk, author.get_username()
    header.kind, header.title, header.reason = kind, title, reason
    return header


def recorder_for(using: str) -> Recorder:
    """Return where writes to a database are noted now; called inside a transaction."""
    explicit = _explicit.get()
    if explicit is not None and explicit.using == using:
        return explicit
    scope = _scope.get()
    if scope is not None:
        holder = scope.recorders
    else:
        holder = connections[using].__dict__.setdefault("tom_history", {})
    found = holder.get(using)
    if found is None or not found.can_go_on(after_commit=scope is not None):
        found = holder[using] = Recorder(_header(None, "edit", "", ""), using, is_buffered=False)
    return found


@contextmanager
def change_set(
    author: Any = None,
    *,
    kind: str = "edit",
    title: str = "",
    reason: str = "",
    using: str = DEFAULT_DB_ALIAS,
) -> Iterator[Recorder]:
    """Make one change set of all that is written inside the block, in one transaction with it.

    Inside another change set, what is written joins the outer one. A block that raises leaves nothing; one
    that changes nothing leaves no row. The rows of history are written at the end: one statement per batch.

    Parameters
    ----------
    author : User, optional
        By default the user of the request or job that runs.
    kind : str
        A key of ``models.KINDS``, or a word of your own.
    title : str
        One line for lists, for example ``Import of stars.csv``; made up from the changes if empty.
    reason : str
        Why, in the words of the author.
    using : str
        Alias of the database.

    Yields
    ------
    Recorder
        Its ``pk`` is known after ``flush()``, and after the block; ``note(**facts)`` keeps facts.
    """
    outer = _explicit.get()
    if outer is not None and outer.using == using:
        with transaction.atomic(using=using):
            yield outer
        return
    recorder = Recorder(_header(author, kind, title, reason), using, is_buffered=True)
    with _recording(recorder):
        yield recorder


@contextmanager
def _recording(recorder: Recorder) -> Iterator[None]:
    with transaction.atomic(using=recorder.using):
        recorder.begin()
        token = _explicit.set(recorder)
        try:
            yield
        finally:
            _explicit.reset(token)
        recorder.flush()


class ChangeRun:
    """A change set of many transactions: an ingest or an import in batches. See ``change_run``."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder

    @property
    def pk(self) -> int | None:
        """Key of the change set, None as long as nothing was changed."""
        return self.recorder.pk

    def note(self, **values: Any) -> None:
        """Keep facts with the change set; written with the next part that changes something."""
        self.recorder.note(**values)

    @contextmanager
    def part(self) -> Iterator[Recorder]:
        """Write one batch, in one transaction; joins an open change set."""
        if _explicit.get() is not None:
            with change_set(using=self.recorder.using) as outer:
                yield outer
            return
        with _recording(self.recorder):
            yield self.recorder


def change_run(
    author: Any = None,
    *,
    kind: str,
    title: str = "",
    reason: str = "",
    using: str = DEFAULT_DB_ALIAS,
) -> ChangeRun:
    """Return a change set that is written in parts, each a transaction of its own.

    Examples
    --------
    >>> run = change_run(user, kind="import", title="Import of stars.csv")
    >>> for batch in batches:
    ...     with run.part():
    ...         store(batch)
    """
    return ChangeRun(Recorder(_header(author, kind, title, reason), using, is_buffered=True))
