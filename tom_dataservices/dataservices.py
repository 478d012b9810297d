"""The one way to ask an outside service for targets, aliases, photometry and spectra: ``DataService``.

A service is a class that extends `DataService`, offered by an app (``AppConfig.data_services()``) or named
in ``TOM_DATA_SERVICE_CLASSES``. The methods ``to_target``, ``to_aliases`` and ``to_reduced_datums`` store
rows and are not meant to be replaced; the ``create_..._from_query`` methods they call are.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any

from tom_dataservices import conf
from tom_dataservices.exceptions import MissingDataException, NotConfiguredError, QueryServiceError
from tom_dataservices.registry import UNNAMED, get_data_service_class, get_data_service_classes
from tom_dataservices.results import keep_aliases, keep_target
from tom_targets.models import Target, TargetName

__all__ = [
    "DataService",
    "MissingDataException",
    "NotConfiguredError",
    "QueryServiceError",
    "get_data_service_class",
    "get_data_service_classes",
]


class DataService(ABC):
    """A service that knows objects of the sky.

    Parameters
    ----------
    query_parameters : dict, optional
        What `query_service` understands.
    user : User, optional
        For whom the service is asked: credentials may be theirs.

    Attributes
    ----------
    name : str
        What it is known by in addresses, saved queries and ``DATA_SERVICES``.
    verbose_name : str or None
        What pages call it; `name` where it is None.
    info_url, base_url, service_notes : str
        Where the service describes itself, where its interface is, and a sentence for its form.
    query_results_table : str or None
        Template of the table of results; ours where it is None.
    app_version, app_link : str or None
        Version and page of the package that brings the service.
    results_valid_s : float
        Seconds for which an answer is taken as current: the rhythm in which the service itself changes.
    """

    name: str = UNNAMED
    verbose_name: str | None = None
    info_url: str | None = None
    base_url: str | None = None
    service_notes: str | None = None
    query_results_table: str | None = None
    app_version: str | None = None
    app_link: str | None = None
    results_valid_s: float = 300.0

    def __init__(
        self,
        query_parameters: dict[str, Any] | None = None,
        user: Any = None,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__()
        self.target_results: dict[str, Any] = {}
        self.photometry_results: dict[str, Any] = {}
        self.query_results: Any = {}
        self.query_parameters = query_parameters or {}
        self.user = user

    # --- what a service offers

    @abstractmethod
    def query_service(self, query_parameters: dict[str, Any], **kwargs: Any) -> Any:
        """Ask the service, keep what it said in ``query_results`` and return it."""

    @classmethod
    def get_form_class(cls) -> type[Any]:
        """Return the class of the query form, a `tom_dataservices.forms.BaseQueryForm`."""
        raise NotImplementedError(f"{cls.name} has no query form")

    def build_query_parameters(self, parameters: dict[str, Any], **kwargs: Any) -> Any:
        """Return what `query_service` understands, made of the cleaned data of the form."""
        raise NotImplementedError(f"{self.name} takes no query from a form")

    # ``build_query_parameters_from_target(target, **kwargs)`` is not defined here: a service that defines it
    # is offered for updating the data of a target.

    def pre_query_validation(self, query_parameters: Any) -> Any:
        """Ask the service whether it would take a query, without running it."""
        raise NotImplementedError(f"{self.name} cannot check a query beforehand")

    def query_targets(self, query_parameters: Any, **kwargs: Any) -> Iterable[dict[str, Any]]:
        """Return what was found, one dict an object; ``aliases`` and ``reduced_datums`` are read from it."""
        self.query_service(query_parameters, **kwargs)
        return []

    def query_photometry(self, query_parameters: Any, **kwargs: Any) -> Any:
        """Return photometry for `create_reduced_datums_from_query`."""
        raise NotImplementedError(f"{self.name} gives no photometry")

    def query_spectroscopy(self, query_parameters: Any, **kwargs: Any) -> Any:
        """Return spectra for `create_reduced_datums_from_query`."""
        raise NotImplementedError(f"{self.name} gives no spectra")

    def query_forced_photometry(self, query_parameters: Any, **kwargs: Any) -> Any:
        """Return forced photometry for `create_reduced_datums_from_query`."""
        raise NotImplementedError(f"{self.name} gives no forced photometry")

    def query_reduced_data(self, target: Any, **kwargs: Any) -> dict[str, Any]:
        """Return all data of a target by kind: ``{"photometry": ..., "spectroscopy": ...}``.

        A kind that the service does not give is left empty.
        """
        build = getattr(self, "build_query_parameters_from_target", None)
        parameters = build(target, **kwargs) if build else {}
        found: dict[str, Any] = {}
        for kind, query in (("photometry", self.query_photometry), ("spectroscopy", self.query_spectroscopy)):
            try:
                found[kind] = query(parameters, **kwargs)
            except NotImplementedError:
                found[kind] = []
        return found

    def query_aliases(self, query_parameters: Any = None, target: Any = None, **kwargs: Any) -> Iterable[Any]:
        """Return further names of the object of a query, or of a target."""
        return []

    # --- settings

    @classmethod
    def configuration(cls) -> dict[str, Any]:
        """Return the entry of the service in ``DATA_SERVICES``.

        Raises
        ------
        NotConfiguredError
            If there is none.
        """
        entry = conf.data_service_settings(cls.name)
        if entry is None:
            raise NotConfiguredError(
                f"{cls.name} is not configured: add DATA_SERVICES[{cls.name!r}] to the settings."
            )
        return entry

    @classmethod
    def get_configuration(cls, config_type: str | None = None, value: Any = None, **kwargs: Any) -> Any:
        """Return one value of the configuration, `value` where it has none; without `config_type`, its keys.

        Raises
        ------
        NotConfiguredError
            If the service has no configuration, and there is no `value` to fall back on.
        """
        return _one_of(cls.configuration, config_type, value)

    @classmethod
    def get_credentials(cls, **kwargs: Any) -> Any:
        """Return what the service wants to know its user by: the key ``api_key`` of the configuration."""
        return cls.get_configuration("api_key")

    @classmethod
    def urls(cls, **kwargs: Any) -> dict[str, str]:
        """Return the addresses of the service by kind, ``base_url`` and ``info_url`` among them."""
        return {"base_url": cls.base_url or "", "info_url": cls.info_url or ""}

    @classmethod
    def get_urls(cls, url_type: str | None = None, value: Any = None, **kwargs: Any) -> Any:
        """Return one of the addresses, `value` where there is none; without `url_type`, their kinds."""
        return _one_of(cls.urls, url_type, value)

    def build_headers(self, *args: Any, **kwargs: Any) -> dict[str, str]:
        """Return the headers of a request to the service."""
        return {}

    # --- rows made of what was found

    def create_target_from_query(self, target_result: dict[str, Any], **kwargs: Any) -> Any:
        """Return an unsaved target made of one of the results of `query_targets`."""
        raise NotImplementedError(f"{self.name} makes no targets")

    def create_target_extras_from_query(self, query_results: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        """Return extra fields of the target made of a result."""
        return {}

    def create_aliases_from_query(self, alias_results: Iterable[Any], **kwargs: Any) -> list[Any]:
        """Return unsaved aliases made of names."""
        return [
            found if isinstance(found, TargetName) else TargetName(name=str(found))
            for found in alias_results or ()
        ]

    def create_reduced_datums_from_query(
        self, target: Any, data: Any, data_type: str | None = None, **kwargs: Any
    ) -> list[Any] | None:
        """Store data of a target and return the rows, those that were there already among them."""
        raise NotImplementedError(f"{self.name} makes no data")

    def create_data_product_from_query(self, query_results: Any = None, **kwargs: Any) -> Any:
        """Return a data product made of what the service said."""
        raise NotImplementedError(f"{self.name} makes no files")

    def to_target(self, target_result: Mapping[str, Any], **kwargs: Any) -> Any:
        """Store the target of a result with its extra fields and names, and return it.

        One that is known by its name already is returned as it is; the user is told.

        Parameters
        ----------
        target_result : dict
        request : HttpRequest, optional
            Whose user gets access, and is told.
        user : User, optional
            The same where there is no request.
        groups : sequence of Group
            Which get access, too.

        Raises
        ------
        MissingDataException
            If the result is empty.
        """
        if not target_result:
            raise MissingDataException(f"{self.name} found nothing to make a target of.")
        result = dict(target_result)
        target = self.create_target_from_query(result, **kwargs)
        extras = self.create_target_extras_from_query(result, **kwargs) or {}
        aliases = self.create_aliases_from_query(result.get("aliases") or [], **kwargs)
        request = kwargs.get("request")
        user = getattr(request, "user", None) or kwargs.get("user") or self.user
        kept = keep_target(
            target,
            extras=extras,
            aliases=aliases,
            user=user,
            groups=kwargs.get("groups") or (),
            is_known_by_aliases=True,
        )
        kept.tell(request)
        return kept.target

    def to_aliases(self, target: Any, alias_results: Iterable[Any], **kwargs: Any) -> list[Any]:
        """Store further names of a target; those that it, or another target, has are left out."""
        return keep_aliases(target, self.create_aliases_from_query(alias_results, **kwargs)).kept

    def to_reduced_datums(
        self, target: Any, data_results: Mapping[str, Any] | None = None, **kwargs: Any
    ) -> list[Any]:
        """Store data of a target, by kind, and return the rows.

        Raises
        ------
        MissingDataException
            If there are none.
        """
        if not data_results or not any(_has_rows(data) for data in data_results.values()):
            raise MissingDataException(f"{self.name} has no data of {target}.")
        rows: list[Any] = []
        for data_type, data in data_results.items():
            if _has_rows(data):
                rows += self.create_reduced_datums_from_query(target, data, data_type, **kwargs) or []
        return rows

    def to_data_product(self, query_results: Any = None, **kwargs: Any) -> Any:
        """Return a data product made of what the service said, or of ``query_results``."""
        return self.create_data_product_from_query(query_results or self.query_results, **kwargs)

    # --- pages

    def get_additional_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return what the page of results needs besides."""
        return {}

    def get_success_message(self, **kwargs: Any) -> str:
        """Return what a user is told when a query was answered."""
        return f"{self.verbose_name or self.name} has answered."

    @classmethod
    def get_simple_form_partial(cls) -> str | None:
        """Return the template of the short form; None for ours, or none."""
        return None

    @classmethod
    def get_advanced_form_partial(cls) -> str | None:
        """Return the template of the long form; None for ours."""
        return None

    def make_target(self, **values: Any) -> Any:
        """Return an unsaved sidereal target, of the class that this TOM uses."""
        return Target(**{"type": Target.SIDEREAL, **values})


def _has_rows(data: Any) -> bool:
    """Tell whether there is anything in data of whatever container: a list, a dict, a table, an array."""
    if data is None:
        return False
    try:
        return len(data) > 0
    except TypeError:
        return True


def _one_of(read: Any, key: str | None, value: Any) -> Any:
    try:
        found = read()
    except NotConfiguredError:
        if value:
            return value
        raise
    return list(found) if key is None else found.get(key, value)
