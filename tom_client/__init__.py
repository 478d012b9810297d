"""A small client of a TOM's REST API, for scripts. Copy this folder beside yours; it needs only requests.

    from tom_client import TomClient

    with TomClient.login("https://tom.example.org", "observer", "password") as tom:
        target = tom.create_target(name="SN 2026abc", type="SIDEREAL", ra=10.5, dec=-20.2)
        for row in tom.targets(query="ZTF26"):
            print(row["name"], row["ra"], row["dec"])
        curve = tom.light_curve(target["id"])

Every refusal is an exception whose text says what the server said; ``docs/how-to/use-the-api.md`` tells more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from os import PathLike
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urljoin

import requests

from .sending import (
    ERRORS,
    ApiError,
    BulkError,
    Multipart,
    NotAllowedError,
    NotFoundError,
    RefusedError,
)
from .survey_services import SurveyServices

__all__ = ["ApiError", "BulkError", "NotAllowedError", "NotFoundError", "RefusedError", "TomClient"]

CHUNK = 5000
"""Rows that are sent in one request; a TOM takes 10,000."""


class TomClient(SurveyServices):
    """Talks to one TOM.

    Parameters
    ----------
    base_url : str
        Address of the TOM, for example ``"https://tom.example.org"``.
    token : str, optional
        API token, as your profile page shows it; without one only what is open can be read.
    timeout_s : float
        Seconds to wait for an answer.
    """

    def __init__(self, base_url: str, token: str | None = None, *, timeout_s: float = 60.0) -> None:
        self.base_url = base_url.rstrip("/") + "/"
        self.timeout_s = timeout_s
        self._session = requests.Session()
        if token:
            self._session.headers["Authorization"] = f"Token {token}"

    @classmethod
    def login(cls, base_url: str, username: str, password: str, *, timeout_s: float = 60.0) -> TomClient:
        """Return a client with the token of a user.

        Raises
        ------
        RefusedError
            If name or password are wrong.
        """
        client = cls(base_url, timeout_s=timeout_s)
        answer = client._send("POST", "api/token-auth/", json={"username": username, "password": password})
        client._session.headers["Authorization"] = f"Token {answer['token']}"
        return client

    def __enter__(self) -> TomClient:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    # --- targets

    def targets(self, **filters: Any) -> Iterator[dict[str, Any]]:
        """Yield the targets that you may see, newest first; filters such as ``query``, ``cone_search``."""
        return self._pages("api/targets/", filters)

    def target(self, pk: int) -> dict[str, Any]:
        """Return a target with its names, extra fields, lists and groups."""
        return self._send("GET", f"api/targets/{pk}/")

    def create_target(self, **fields: Any) -> dict[str, Any]:
        """Store a target and return it.

        Parameters
        ----------
        **fields
            At least ``name``, ``type``, and for a sidereal target ``ra`` and ``dec`` in degrees. Also
            ``permissions``, ``aliases=[{"name": ...}]``, ``targetextra_set=[{"key": ..., "value": ...}]``,
            ``target_lists=[{"name": ...}]``, ``groups=[{"name": ...}]``.
        """
        return self._send("POST", "api/targets/", json=fields)

    def create_targets(
        self, rows: Iterable[dict[str, Any]], *, best_effort: bool = False
    ) -> list[dict[str, Any]]:
        """Store many targets, and return index, id and name of each that was stored.

        Parameters
        ----------
        rows : iterable of dict
            Fields as for `create_target`. Sent in parts of `CHUNK`, each of which is stored or not.
        best_effort : bool
            Store the rows that are right although others are wrong; the latter are then in the list, with
            ``errors`` instead of ``id``.

        Raises
        ------
        BulkError
            If rows are wrong, unless `best_effort` is set. Parts sent before stay stored.
        """
        found = []
        for start, answer in self._send_many("api/targets/", rows, best_effort=best_effort):
            found += [{**entry, "index": start + entry["index"]} for entry in answer["results"]]
        return found

    def change_target(self, pk: int, **fields: Any) -> dict[str, Any]:
        """Change some fields of a target and return it."""
        return self._send("PATCH", f"api/targets/{pk}/", json=fields)

    def delete_target(self, pk: int) -> None:
        """Move a target to the trash."""
        self._send("DELETE", f"api/targets/{pk}/")

    # --- following, and the past

    def set_favourite(self, pk: int, is_favourite: bool = True) -> None:
        """Put a target among your favourites, or take it off; nobody else sees it."""
        self._send("PUT" if is_favourite else "DELETE", f"api/targets/{pk}/favourite/")

    def statuses(self, pk: int) -> dict[str, Any]:
        """Return what your teams do with a target: ``teams`` with ``word``, and the ``words`` there are."""
        return self._send("GET", f"api/targets/{pk}/status/")

    def set_status(self, pk: int, word: str, team: int | str | None = None) -> dict[str, Any]:
        """Say what a team of yours does with a target.

        Parameters
        ----------
        pk : int
        word : str
            One of the words of the TOM, for example ``"watch"``; empty takes it back.
        team : int or str, optional
            Key or name of one of your groups; may be left out where you have only one.
        """
        return self._send("PUT", f"api/targets/{pk}/status/", json={"word": word, "team": team})

    def history(self, pk: int) -> Iterator[dict[str, Any]]:
        """Yield the changes of a target, newest first: ``author``, ``at``, ``what``, ``values``, ..."""
        return self._pages(f"api/targets/{pk}/history/", {})

    def target_as_of(self, pk: int, date: str) -> dict[str, Any]:
        """Return a target as it was, beside what it is now.

        Parameters
        ----------
        pk : int
        date : str
            ``"2026-11-21"`` (the end of that day, UTC) or ``"2026-11-21T18:30"``.
        """
        return self._send("GET", f"api/targets/{pk}/as-of/", params={"date": date})

    def change_sets(self, **filters: Any) -> Iterator[dict[str, Any]]:
        """Yield the change sets of which you may see something, newest first.

        Parameters
        ----------
        **filters
            ``kind``, ``author``, ``since``, ``until``, ``target``, ``state``.
        """
        return self._pages("api/changesets/", filters)

    def change_set(self, pk: int) -> dict[str, Any]:
        """Return one change set."""
        return self._send("GET", f"api/changesets/{pk}/")

    def changes(self, pk: int) -> Iterator[dict[str, Any]]:
        """Yield the changes of a change set, in the order in which they were made."""
        return self._pages(f"api/changesets/{pk}/changes/", {})

    def revert_plan(self, pk: int) -> dict[str, Any]:
        """Return whether a change set can be undone: ``possible``, ``effects``, ``reasons`` against it."""
        return self._send("GET", f"api/changesets/{pk}/revert/")

    def revert(self, pk: int, reason: str = "") -> dict[str, Any]:
        """Undo a change set and return ``change_set``, the key of the undoing, or ``job`` for a long one.

        Raises
        ------
        RefusedError
            If something is in the way; ``detail["reasons"]`` says what.
        """
        return self._send("POST", f"api/changesets/{pk}/revert/", json={"reason": reason})

    # --- measurements and files

    def light_curve(self, target_id: int) -> dict[str, Any]:
        """Return the photometry of a target as columns: MJD (UTC), magnitudes, fluxes in nJy.

        It has ``target``, ``count``, ``bands``, ``sources`` and ``points``: lists of one length by name
        (``mjd``, ``band``, ``mag``, ``mag_err``, ``limit``, ``flux``, ``kind``, ...), sorted by time.
        """
        return self._send("GET", f"api/lightcurves/{target_id}/")

    def export(
        self,
        path: str | PathLike[str],
        *,
        kind: str = "photometry",
        file_format: str = "csv",
        targets: Iterable[int] = (),
        samples: bool = True,
        superseded: bool = False,
        **filters: Any,
    ) -> int:
        """Write light curves, spectra or positions of many targets to a file, and return its size in bytes.

        Parameters
        ----------
        path : path
            Appears once all has come; a file that is there is replaced.
        kind : str
            ``"photometry"``, ``"spectroscopy"`` or ``"astrometry"``.
        file_format : str
            ``"csv"``, ``"ecsv"``, ``"votable"``, ``"json"`` or ``"parquet"``.
        targets : iterable of int
            Keys of targets; without them those of the filters, which are those of `targets`, or all.
        samples, superseded : bool
            Spectra with their samples; photometry that a newer reduction supersedes, too.
        """
        asked = {"kind": kind, "format": file_format, "samples": int(samples), "superseded": int(superseded)}
        return self._fetch("api/exports/", path, {**asked, "target": list(targets), **filters})

    def light_curve_file(self, target_id: int, path: str | PathLike[str], file_format: str = "csv") -> int:
        """Write the light curve of a target to a file, and return its size in bytes; see `export`."""
        return self.export(path, file_format=file_format, targets=[target_id])

    def spectra_file(self, target_id: int, path: str | PathLike[str], file_format: str = "ecsv") -> int:
        """Write the spectra of a target to a file, and return its size in bytes; see `export`."""
        return self.export(path, kind="spectroscopy", file_format=file_format, targets=[target_id])

    def download(self, product_id: int, path: str | PathLike[str]) -> int:
        """Write a stored file to one of yours, and return its size in bytes."""
        return self._fetch(f"api/dataproducts/{product_id}/download/", path, {})

    def measurements(self, **filters: Any) -> Iterator[dict[str, Any]]:
        """Yield measurements that you may see; ``target__id``, ``data_type``, ``source_name``, ..."""
        return self._pages("api/reduceddatums/", filters)

    def add_measurement(
        self, target_id: int, data_type: str, value: dict[str, Any], **fields: Any
    ) -> dict[str, Any]:
        """Store a measurement, unless it is there already (``already_exists`` in the answer), and return it.

        Parameters
        ----------
        data_type : str
            ``"photometry"``, ``"spectroscopy"``, ``"astrometry"``, or another word.
        value : dict
            Photometry: ``magnitude`` and ``error``, or ``limit``; ``filter``, ``unit``, ``telescope``.
        **fields
            ``timestamp`` (ISO 8601, UTC), ``source_name``, ``data_product``, ...
        """
        row = {"target": target_id, "data_type": data_type, "value": value, **fields}
        return self._send("POST", "api/reduceddatums/", json=row)

    def add_measurements(
        self, rows: Iterable[dict[str, Any]], *, best_effort: bool = False
    ) -> dict[str, Any]:
        """Store many measurements; those stored before are left alone.

        Parameters
        ----------
        rows : iterable of dict
            ``target``, ``data_type``, ``timestamp``, ``value``, ... Sent in parts of `CHUNK`.
        best_effort : bool
            Store the rows that are right although others are wrong.

        Returns
        -------
        dict
            ``created``, ``already_exists``, and ``errors`` by the place of the row in the list.

        Raises
        ------
        BulkError
            If rows are wrong, unless `best_effort` is set. Parts sent before stay stored.
        """
        total: dict[str, Any] = {"created": 0, "already_exists": 0, "errors": {}}
        for start, answer in self._send_many("api/reduceddatums/", rows, best_effort=best_effort):
            total["created"] += answer["created"]
            total["already_exists"] += answer["already_exists"]
            total["errors"] |= {start + entry["index"]: entry["errors"] for entry in answer["results"]}
        return total

    def upload(
        self, target_id: int, path: str | PathLike[str], data_product_type: str, **fields: Any
    ) -> dict[str, Any]:
        """Store a file with a target, and return its row; sent piece by piece, whatever its size.

        What is there already, by content or ``product_id``, stores nothing (``already_exists``). ``reading``
        tells what became of photometry and spectra; ``preview="true"`` leaves that to `read_file`.
        ``on_bad_rows="good_rows"`` stores the good rows; else a `RefusedError` has the others in ``detail``.
        """
        path = Path(path)
        with path.open("rb") as file:
            form = {"target": target_id, "data_product_type": data_product_type, **fields}
            body = Multipart(form, path.name, file)
            return self._send("POST", "api/dataproducts/", data=body, headers=body.headers)

    def read_file(self, pk: int, **choices: Any) -> dict[str, Any]:
        """Read a stored file, in place of what was read from it before; ``mapping``, ``on_bad_rows``."""
        return self._send("POST", f"api/dataproducts/{pk}/reading/", json=choices)

    def reading(self, pk: int) -> dict[str, Any]:
        """Return how a file was understood and read."""
        return self._send("GET", f"api/dataproducts/{pk}/reading/")

    # --- requests

    def _pages(self, path: str, filters: dict[str, Any]) -> Iterator[dict[str, Any]]:
        page = self._send("GET", path, params=filters)
        while True:
            yield from page["results"]
            if not page["next"]:
                return
            page = self._send("GET", page["next"])

    def _send_many(
        self, path: str, rows: Iterable[dict[str, Any]], *, best_effort: bool
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        mode = {"mode": "best_effort" if best_effort else "all_or_nothing"}
        everything = list(rows)
        for start in range(0, len(everything), CHUNK):
            part = everything[start : start + CHUNK]
            try:
                yield start, self._send("POST", path, json=part, params=mode)
            except RefusedError as error:
                if not isinstance(error.detail, dict) or "results" not in error.detail:
                    raise
                if best_effort:  # not one row of this part was right
                    yield start, {"created": 0, "already_exists": 0, **error.detail}
                    continue
                errors = {start + entry["index"]: entry["errors"] for entry in error.detail["results"]}
                raise BulkError(error.status, error.detail["message"], errors) from error

    def _fetch(self, path: str, to: str | PathLike[str], asked: dict[str, Any]) -> int:
        to, size = Path(to), 0
        part = to.with_name(f"{to.name}.part")
        with self._answer("GET", path, params=asked, stream=True) as answer:
            if not answer.ok:
                self._refuse(answer)
            try:
                with part.open("wb") as file:
                    for block in answer.iter_content(1_000_000):
                        size += file.write(block)
                part.replace(to)
            finally:
                part.unlink(missing_ok=True)
        return size

    def _answer(self, method: str, path: str, **arguments: Any) -> requests.Response:
        url = urljoin(self.base_url, path)
        if not url.startswith(self.base_url):
            raise ValueError(f"{url} does not belong to {self.base_url}: the token stays here")
        return self._session.request(method, url, timeout=self.timeout_s, **arguments)

    def _send(self, method: str, path: str, **arguments: Any) -> Any:
        answer = self._answer(method, path, **arguments)
        if not answer.ok:
            self._refuse(answer)
        return None if answer.status_code == 204 else _content(answer)

    def _refuse(self, answer: requests.Response) -> NoReturn:
        status = answer.status_code
        raise ERRORS.get(status, RefusedError if status < 500 else ApiError)(status, _content(answer))


def _content(answer: requests.Response) -> Any:
    """Return the JSON of an answer, or what it says else."""
    try:
        return answer.json()
    except ValueError:
        return answer.reason if len(answer.text) > 500 else answer.text
