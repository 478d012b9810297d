"""One shape for all that can be queried: data services here, brokers of tom_alerts above.

The engine (``runs``) and the pages know providers only. A kind of provider is registered by its app in
``ready()``.
"""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from tom_dataservices.exceptions import MissingDataException
from tom_dataservices.registry import data_services
from tom_dataservices.results import KeptTarget, keep_target, noting_new_targets


@dataclass(frozen=True)
class Found:
    """One object or alert of an answer.

    ``values`` is what a table shows, ``raw`` what the plugin gave; `ra_deg` and `dec_deg` are None without a
    position.
    """

    result_id: str
    name: str
    ra_deg: float | None
    dec_deg: float | None
    values: dict[str, Any]
    raw: Any


@dataclass(frozen=True)
class Access:
    """Who gets access to targets made of results."""

    user: Any = None
    groups: Sequence[Any] = ()
    permissions: str | None = None
    request: Any = field(default=None, compare=False)


class Provider(ABC):
    """A plugin that can be queried, asked for one user.

    Parameters
    ----------
    name : str
    user : User, optional

    Raises
    ------
    ImportError
        If there is no such plugin, or it cannot be imported.
    """

    kind: ClassVar[str]
    registry: ClassVar[Any]
    is_quiet: ClassVar[bool] = False
    """Whether the page that asked tells all, so that neither failures nor ends are news of the user."""
    form_address: ClassVar[tuple[str, str]] = ("", "")
    """Name of the address of the query form, and what it calls the plugin; empty for none."""

    def __init__(self, name: str, user: Any = None) -> None:
        self.name = name
        self.user = user
        self.plugin = self.registry.get(name)
        self.feedback: str = ""

    @property
    def title(self) -> str:
        """What pages call the plugin."""
        return str(getattr(self.plugin, "verbose_name", None) or self.name)

    @property
    def results_valid_s(self) -> float:
        """Seconds for which an answer is taken as current."""
        return float(getattr(self.plugin, "results_valid_s", 300.0))

    @abstractmethod
    def form_class(self) -> type[Any]:
        """Return the class of the query form."""

    @abstractmethod
    def find(self, parameters: dict[str, Any]) -> Iterator[Found]:
        """Ask the service and yield what it finds as it comes; ``feedback`` may be filled meanwhile."""

    def result_page(self, run: Any, rows: Sequence[Any]) -> tuple[Any, dict[str, Any]]:
        """Return the template of the page of results, and what it shows besides."""
        return "tom_dataservices/query_result.html", {}

    def picturing_service(self) -> Any:
        """Return the data service that gives images and light curves of results; None without."""
        return None

    def plain_result_page(self, run: Any, rows: Sequence[Any]) -> tuple[Any, dict[str, Any]]:
        """Return the same without anything of the plugin, for where that fails."""
        return "tom_dataservices/query_result.html", {}

    @abstractmethod
    def make_target(self, raw: Any, access: Access) -> KeptTarget:
        """Store the target of an answer, or return the one that is there."""

    @abstractmethod
    def bring_data(self, target: Any, raw: Any) -> int:
        """Store what the service knows of a target and return how many rows it gave; may ask the service."""


_kinds: dict[str, type[Provider]] = {}


def register_kind(cls: type[Provider]) -> type[Provider]:
    """Make a kind of provider known under its ``kind``."""
    _kinds[cls.kind] = cls
    return cls


def provider(kind: str, name: str, user: Any = None) -> Provider:
    """Return a provider.

    Raises
    ------
    ImportError
        If there is none of this kind and name.
    """
    if kind not in _kinds:
        raise ImportError(f"nothing of the kind {kind!r} can be queried here")
    return _kinds[kind](name, user)


def close_if_possible(iterator: Any) -> None:
    """Close an iterator that can be closed, so that its connection to the service ends."""
    close = getattr(iterator, "close", None)
    if close is not None:
        close()


def number(value: Any) -> float | None:
    """Return a coordinate as a service may write it, in degrees; None if it is no number."""
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None
    return found if abs(found) <= 360.0 else None


@register_kind
class DataServiceProvider(Provider):
    """A data service."""

    kind = "data_service"
    registry = data_services
    form_address = ("dataservices:create", "data_service")

    def service(self) -> Any:
        """Return a new instance of the service; older classes do not know the user."""
        if takes(self.plugin, user=self.user):
            return self.plugin(user=self.user)
        service = self.plugin()
        service.user = self.user
        return service

    def picturing_service(self) -> Any:
        """Return a new instance of the service."""
        return self.service()

    def form_class(self) -> type[Any]:
        """Return the class of the query form."""
        return self.plugin.get_form_class()

    def find(self, parameters: dict[str, Any]) -> Iterator[Found]:
        """Yield the objects that the service finds."""
        service = self.service()
        wanted = service.build_query_parameters(dict(parameters))
        results = service.query_targets(wanted) or ()
        try:
            for index, result in enumerate(results):
                yield _found(index, result)
        finally:  # also where enough was found
            close_if_possible(results)
            self.feedback = str(getattr(service, "query_feedback", None) or "")

    def result_page(self, run: Any, rows: Sequence[Any]) -> tuple[Any, dict[str, Any]]:
        """Return our page, with the table that the service brings if it has one."""
        context = {
            "data_service": self.name,
            "results": [row.values for row in rows],
            "query_results_table": self.plugin.query_results_table,
            "query_feedback": run.feedback or run.error,
            "too_many_results": run.has_more,
        }
        return "tom_dataservices/query_result.html", {
            **context,
            **self.service().get_additional_context_data(),
        }

    def make_target(self, raw: Any, access: Access) -> KeptTarget:
        """Store the target of a result, or return the one that is there."""
        service = self.service()
        with noting_new_targets(access.permissions) as new:
            made = service.to_target(raw, request=access.request, user=access.user, groups=access.groups)
        if isinstance(made, tuple):  # what services of older generations return: not stored yet
            target, extras, aliases = (*made, {}, [])[:3]
            return keep_target(
                target,
                extras=extras,
                aliases=aliases,
                user=access.user,
                groups=access.groups,
                permissions=access.permissions,
                is_known_by_aliases=True,
            )
        return KeptTarget(made, made.pk in new)

    def bring_data(self, target: Any, raw: Any) -> int:
        """Store the data that came with a result; ask the service for them where none came."""
        service = self.service()
        data = raw.get("reduced_datums") if isinstance(raw, dict) else None
        try:
            return len(service.to_reduced_datums(target, data))
        except MissingDataException:
            return self.update(target, raw)

    def update(self, target: Any, raw: Any = None) -> int:
        """Ask the service for all it knows of a target, store it, and return how many rows it gave.

        Further names are asked for also where there are no data, as of a catalogue. A service that can
        (`ask_besides`) is also asked for the result `raw`, which the target was found to be.

        Raises
        ------
        MissingDataException
            If it knows nothing.
        """
        service = self.service()
        if raw is not None and hasattr(service, "ask_besides"):
            service.ask_besides(target, raw)
        if _asks_for_parameters(service.query_reduced_data):
            build = getattr(service, "build_query_parameters_from_target", None)
            data = service.query_reduced_data(build(target) if build else {})
        else:
            data = service.query_reduced_data(target)
        nothing = None
        try:
            rows = service.to_reduced_datums(target, data)
        except MissingDataException as error:
            rows, nothing = [], error
        if takes(service.query_aliases, target=target):
            aliases = service.query_aliases(target=target)
        else:
            aliases = service.query_aliases({})
        if not service.to_aliases(target, aliases or []) and nothing is not None:
            raise nothing
        return len(rows)

    @property
    def can_update(self) -> bool:
        """Whether the service can be asked for the data of a target that is there."""
        return hasattr(self.plugin, "build_query_parameters_from_target")


def takes(method: Callable[..., Any], *args: Any, **kwargs: Any) -> bool:
    """Tell whether a class or method of a plugin, whatever its generation, can be called so."""
    try:
        inspect.signature(method).bind(*args, **kwargs)
    except TypeError:
        return False
    return True


def _asks_for_parameters(method: Callable[..., Any]) -> bool:
    """Tell whether ``query_reduced_data`` is of the older generation: it names parameters, not a target."""
    first = next(iter(inspect.signature(method).parameters.values()), None)
    return first is not None and any(word in first.name for word in ("param", "query"))


def _found(index: int, result: Any) -> Found:
    """Read the usual keys of a result, whatever the service calls them."""
    values = dict(result)
    lower = {str(key).lower(): value for key, value in values.items()}
    name = _first(lower, "name", "target_name", "main_id", "objname", "oid", "object_id", "designation")
    found_id = _first(lower, "id", "result_id", "oid", "objectid", "diaobjectid")
    found_id = next(one for one in (found_id, name, index) if one is not None)
    ra = number(_first(lower, "ra", "ra_deg", "meanra", "right_ascension", "ramean"))
    dec = number(_first(lower, "dec", "dec_deg", "meandec", "declination", "decmean"))
    return Found(str(found_id), str(found_id if name is None else name), ra, dec, values, values)


def _first(values: dict[str, Any], *names: str) -> Any:
    return next((values[name] for name in names if values.get(name) not in (None, "")), None)
