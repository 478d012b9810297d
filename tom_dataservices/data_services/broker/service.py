"""The base of all alert brokers: objects of a client into results, targets, points and classifications."""

from __future__ import annotations

import logging
import re
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from tom_common.remote import RemoteBadReply
from tom_dataservices.classifications import keep_classifications
from tom_dataservices.clients.broker import BrokerClient, BrokerObject, LostDigitsError
from tom_dataservices.data_services.broker.fields import MOST_RESULTS, BrokerQueryForm, plain_query
from tom_dataservices.data_services.broker.limits import fits
from tom_dataservices.data_services.broker.points import remove_points, sparkline_points, store_points
from tom_dataservices.dataservices import DataService
from tom_dataservices.exceptions import MissingDataException, QueryServiceError
from tom_dataservices.job_log import tell_job
from tom_dataservices.result_cutouts import ONE_IS_BROKEN
from tom_dataservices.results import known_by_name, may_add_data
from tom_targets.models import Target

logger = logging.getLogger(__name__)
_NEAR_ARCSEC = 2.0
_NAMES_TOLD = 20
_ZTF_NAME = re.compile(r"(?i)ZTF\d{2}[a-z]{7}")


class BrokerService(DataService):
    """A broker of alerts, of one survey.

    A subclass says with which client and form it works, and gives objects: `objects` for a query, `known` for
    one object with all the broker knows of it.

    Attributes
    ----------
    client : type[BrokerClient]
    form : type[BrokerQueryForm]
    survey : str
        Whose points they are where a point does not say (``broker.points.SURVEYS``).
    query_feedback : str
        What is to be told of a query besides its results, once they have come.
    gives_cutouts : bool
        Whether `cutout` gives images as PNG: those of the first results are fetched after a query.
    object_pattern : str
        Regular expression of the names by which the broker knows objects; its first group is the id.
    has_own_names : bool
        Whether such a name is surely an id of this broker; else a target is asked for by its first one only,
        since a number among its aliases is something else in somebody else's list.
    """

    client: ClassVar[type[BrokerClient]]
    form: ClassVar[type[BrokerQueryForm]]
    survey: ClassVar[str] = "ZTF"
    object_pattern: ClassVar[str] = r"(ZTF\d{2}[a-z]{7})"
    has_own_names: ClassVar[bool] = True
    gives_cutouts: ClassVar[bool] = False
    query_results_table = "tom_dataservices/partials/broker_results_table.html"
    results_valid_s = 1800.0

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Take the addresses of the client."""
        super().__init_subclass__(**kwargs)
        client = getattr(cls, "client", None)
        if client is not None:
            cls.base_url = client.base_url
            cls.info_url = client.info_url

    def __init__(self, query_parameters: Any = None, user: Any = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(query_parameters, user, *args, **kwargs)
        self._known: dict[int, list[BrokerObject]] = {}
        self._besides: dict[int, list[str]] = {}
        self.query_feedback = ""
        self.told_besides: list[str] = []
        self._unread: list[str] = []

    # --- what a broker gives

    @abstractmethod
    def objects(self, query: dict[str, Any]) -> Iterator[BrokerObject]:
        """Yield the objects that fit a query (``plain_query``), page by page as they come."""

    @abstractmethod
    def known(self, object_id: str) -> BrokerObject:
        """Return one object with its light curve, classifications and names.

        Raises
        ------
        MissingDataException
            If the broker has none of this id.
        """

    def cutout(self, result: dict[str, Any], role: str) -> tuple[bytes, str] | None:
        """Return an image of a result and its type (``image/png``, ``image/fits``); None if there is none."""
        return None

    def fits(self, found: BrokerObject, query: dict[str, Any]) -> bool:
        """Tell whether an object is shown; by default, whether it lies within the limits of the query."""
        return fits(found, query)

    def completed(self, result: dict[str, Any]) -> dict[str, Any]:
        """Return a result with all that a target needs; asks the broker where its list tells too little."""
        return result

    def lists(self) -> dict[str, Sequence[tuple[Any, Any]]]:
        """Ask for the lists that the broker keeps, such as ``classes``; forms show them."""
        return {}

    # --- the interface of data services

    @classmethod
    def get_form_class(cls) -> type[Any]:
        """Return the class of the query form."""
        return cls.form

    @classmethod
    def urls(cls, **kwargs: Any) -> dict[str, str]:
        """Return the addresses of the broker, those of the settings before its own."""
        client = cls.client()
        return {
            "base_url": str(client.setting("base_url", client.base_url)),
            "info_url": client.info_url,
        }

    def build_query_parameters(self, parameters: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        """Return what is asked for, made of the cleaned data of the form; names as the broker writes them."""
        query = plain_query(parameters)
        query["ids"] = list(dict.fromkeys(self._id_of(name) for name in query["ids"]))
        self.query_parameters = query
        return query

    def _id_of(self, name: str) -> str:
        if _ZTF_NAME.fullmatch(name):
            return f"ZTF{name[3:].lower()}"
        found = re.fullmatch(self.object_pattern, name)
        return found[1] if found else name

    def build_query_parameters_from_target(self, target: Any, **kwargs: Any) -> dict[str, Any]:
        """Return the question for one target: by the broker's ids of it, else by its place."""
        return self.query_of_target(target)

    def query_of_target(self, target: Any) -> dict[str, Any]:
        """Return the question for one target in the words of ``plain_query``.

        Raises
        ------
        MissingDataException
            If the broker cannot be asked for it.
        """
        found = self.object_ids_of(target)
        if found:
            return {"ids": found}
        has_place = target.ra is not None and target.dec is not None
        if not has_place or "cone" not in self.form.offers:  # it cannot be asked for a place
            raise MissingDataException(
                f"{target.name} has no name that {self.title} knows, and no place to ask for."
            )
        return {
            "ids": [],
            "ra_deg": target.ra,
            "dec_deg": target.dec,
            "radius_arcsec": _NEAR_ARCSEC,
            "max_results": 1,
        }

    @property
    def title(self) -> str:
        """What texts call the broker."""
        return self.verbose_name or self.name

    def query_service(self, query_parameters: dict[str, Any], **kwargs: Any) -> list[dict[str, Any]]:
        """Return all results of a query at once."""
        self.query_results = list(self.query_targets(query_parameters))
        return self.query_results

    def query_targets(self, query_parameters: Any, **kwargs: Any) -> Iterator[dict[str, Any]]:
        """Yield what was found, one dict an object, as it comes.

        Names that were asked for and brought nothing, and what could not be read (`each`), are told in
        ``query_feedback`` at the end.
        """
        most = int(query_parameters.get("max_results") or MOST_RESULTS)
        shown = 0
        there: set[str] = set()
        missing: list[str] = []
        self._unread = []
        self.told_besides = []
        try:
            for found in self.objects(query_parameters):
                if not self.fits(found, query_parameters):
                    continue
                there |= {found.object_id, found.name, *found.aliases}
                yield {**found.as_result(), "points": sparkline_points(found.points)}
                shown += 1
                if shown == most:
                    return
            ids = query_parameters.get("ids") or ()
            missing = [one for one in ids if one not in there and "*" not in one]
        finally:
            words = [*self.told_besides, *([self._nothing_of(missing)] if missing else [])]
            self.query_feedback = " ".join(words + ([self._left_out()] if self._unread else []))

    def each(self, rows: Iterable[Any], read: Callable[[Any], BrokerObject]) -> Iterator[BrokerObject]:
        """Yield what rows of an answer are read as; one that cannot be read keeps no other out, and is told.

        Raises
        ------
        RemoteBadReply
            If there are rows, and none of them can be read.
        LostDigitsError
        """
        count = 0
        for row in rows:
            try:
                found = read(row)
            except LostDigitsError:
                raise
            except (RemoteBadReply, AttributeError, KeyError, TypeError, ValueError) as error:
                logger.warning("%s: a row was left out: %s", self.title, error, exc_info=True)
                self._unread.append(f"{type(error).__name__}: {error}"[:200])
                continue
            count += 1
            yield found
        if self._unread and not count:
            raise RemoteBadReply(f"{self.title} answered with nothing that can be read: {self._unread[0]}.")

    def _left_out(self) -> str:
        count = len(self._unread)
        words = f"{count} of the rows" if count > 1 else "One of the rows"
        return f"{words} of {self.title} could not be read and {'are' if count > 1 else 'is'} left out."

    def _nothing_of(self, names: list[str]) -> str:
        told = ", ".join(names[:_NAMES_TOLD])
        more = f", and {len(names) - _NAMES_TOLD:,} more" if len(names) > _NAMES_TOLD else ""
        return f"{self.title} gave nothing that fits for {told}{more}."

    def ask_besides(self, target: Any, result: Any) -> None:
        """Ask for the object of a result, too, when the target is asked for: it was found to be the same."""
        if isinstance(result, Mapping):
            names = (result.get("id"), result.get("name"))
            self._besides[target.pk] = [str(name) for name in names if name]

    def object_ids_of(self, target: Any) -> list[str]:
        """Return all that the broker knows a target by, read from its names: it may be several objects.

        They come in the same order always: where two tell of one moment without numbers, the first counts.
        """
        names = [target.name, *target.aliases.order_by("pk").values_list("name", flat=True)]
        pattern = re.compile(self.object_pattern)
        own, besides = (
            [found[1] for name in some if (found := pattern.fullmatch(name.strip()))]
            for some in (names, self._besides.get(target.pk, ()))
        )
        return list(dict.fromkeys([*(own if self.has_own_names else own[:1]), *besides]))

    def objects_of(self, target: Any) -> list[BrokerObject]:
        """Return the objects that a target is for the broker, at least one; each is asked for once.

        Raises
        ------
        MissingDataException
        """
        if target.pk not in self._known:
            query = self.query_of_target(target)
            if not query["ids"]:
                near = next(iter(self.objects(query)), None)
                if near is None:
                    raise MissingDataException(
                        f"{self.title} knows nothing within {_NEAR_ARCSEC:g} arcsec of {target.name}."
                    )
                query["ids"] = [near.object_id]
            self._known[target.pk] = self._each_known(query["ids"])
        return self._known[target.pk]

    def _each_known(self, ids: Sequence[str]) -> list[BrokerObject]:
        """Return the objects of ids; one that does not come keeps no other out, which the job tells.

        An id that an object has told as a name of its own is not asked for again.
        """
        found: list[BrokerObject] = []
        told: set[str] = set()
        missing: dict[str, Exception] = {}
        for object_id in ids:
            if object_id in told:
                continue
            try:
                one = self.known(object_id)
            except ONE_IS_BROKEN as error:
                missing[object_id] = error
                continue
            if one.object_id not in told:
                found.append(one)
            told |= {self._id_of(name) for name in (object_id, one.object_id, one.name, *one.aliases)}
        broken = {key: error for key, error in missing.items() if not isinstance(error, MissingDataException)}
        if not found:
            raise next(iter({**broken, **missing}.values()))
        for object_id, error in broken.items():
            words = f"What {self.title} knows of {object_id} was left out: {error}"
            logger.warning("%s", words)
            tell_job(words)
        return found

    def query_reduced_data(self, target: Any, **kwargs: Any) -> dict[str, Any]:
        """Return the light curve of a target, what the survey took back of it, and its classifications.

        Classes without a time are those of now: of several objects only the first tells such.
        """
        objects = self.objects_of(target)
        others = [one for found in objects[1:] for one in found.classifications]
        dated = [one for one in others if one.get("mjd_utc") or one.get("seen_at")]
        return {
            "photometry": [one for found in objects for one in found.points],
            "withdrawn": [one for found in objects for one in found.withdrawn],
            "classifications": [*objects[0].classifications, *dated],
        }

    def query_photometry(self, query_parameters: Any, **kwargs: Any) -> list[dict[str, Any]]:
        """Return the light curve of an object."""
        return [one for object_id in query_parameters["ids"] for one in self.known(object_id).points]

    def query_aliases(self, query_parameters: Any = None, target: Any = None, **kwargs: Any) -> Iterable[Any]:
        """Return further names of a target, the broker's ids among them."""
        if target is None:
            return []
        names = [name for found in self.objects_of(target) for name in (found.object_id, *found.aliases)]
        return [name for name in dict.fromkeys(names) if name != target.name]

    # --- rows

    def to_target(self, target_result: Any, **kwargs: Any) -> Any:
        """Store the target of a result, or return the one that bears a name of it; see `DataService`.

        What the broker takes it for is added to a target that was there only if the user may change it.
        """
        result = dict(target_result or {})
        request = kwargs.get("request")
        user = getattr(request, "user", None) or kwargs.get("user") or self.user
        names = [result.get("name"), result.get("id"), *result.get("aliases", ())] if result else []
        target = known_by_name([name for name in names if name], user=user)
        if target is None:
            result = self.completed(result)
            target = super().to_target(result, **kwargs)
        if may_add_data(user, target):
            keep_classifications(target, result.get("classifications") or (), service=self.name)
        return target

    def create_target_from_query(self, target_result: dict[str, Any], **kwargs: Any) -> Any:
        """Return the unsaved target of a result."""
        return unsaved_target(target_result)

    def create_target_extras_from_query(self, query_results: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        """Return what the broker says of the object and targets have no column for."""
        return dict(query_results.get("extras") or {})

    def create_reduced_datums_from_query(
        self, target: Any, data: Any, data_type: str | None = None, **kwargs: Any
    ) -> list[Any]:
        """Store photometry, or classifications, of a target; return the rows of photometry."""
        if data_type == "classifications":
            keep_classifications(target, data, service=self.name)
            return []
        if data_type == "withdrawn":
            remove_points(target, data, survey=self.survey, user=self.user)
            return []
        return store_points(target, data, survey=self.survey, user=self.user)


def unsaved_target(result: dict[str, Any]) -> Any:
    """Return the unsaved target of a result, sidereal or not.

    Raises
    ------
    QueryServiceError
        If a sidereal one has no place.
    """
    if result.get("type") == Target.NON_SIDEREAL:
        return Target(name=result["name"], type=Target.NON_SIDEREAL, **(result.get("orbit") or {}))
    place = {"ra": result.get("ra"), "dec": result.get("dec")}
    if None in place.values():
        raise QueryServiceError(f"no place of {result['name']} was told: make the target by hand.")
    return Target(name=result["name"], type=Target.SIDEREAL, epoch=2000.0, **place)
