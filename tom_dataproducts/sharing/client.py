"""The REST API of another TOM, ours or a TOM Toolkit, as sharing uses it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tom_common.astro.sky_match import separation_arcsec
from tom_common.remote import (
    RemoteBadReply,
    RemoteError,
    RemoteRejected,
    RemoteService,
    RemoteUnavailable,
    plain_words,
)
from tom_dataproducts.sharing.destinations import Destination
from tom_dataproducts.sharing.wire import Payload, bears_a_name, is_number, names_of
from tom_targets import conf as targets_conf
from tom_targets.models import BaseTarget

PAGE_SIZE = 1000
MAX_PAGES = 1000
ROWS_PER_POST = 500
NEVER_VALID = "this is a dry run"
"""Type of a target that no TOM accepts: a request with it is judged, and stores nothing."""
_LOGIN_WORDS = (
    "invalid username/password",
    "invalid token",
    "credentials were not provided",
    "user inactive",
)


class AmbiguousMatch(Exception):
    """Several targets there could be the one that is shared."""


@dataclass(frozen=True)
class Match:
    """A target of the other side that is one of ours, and how that was found out."""

    remote: Payload
    how: str

    @property
    def pk(self) -> int:
        """Its key there."""
        return self.remote["id"]


@dataclass(frozen=True)
class Posted:
    """What became of measurements that were sent: counts, and by place in the list what was refused."""

    created: int
    known: int
    refused: dict[int, str]


def is_login_problem(error: RemoteError) -> bool:
    """Tell whether the other side does not accept our login; a TOM Toolkit says 403 for that."""
    if not isinstance(error, RemoteRejected):
        return False
    return error.status == 401 or (
        error.status == 403 and any(words in error.detail.lower() for words in _LOGIN_WORDS)
    )


def stops_all(error: RemoteError) -> bool:
    """Tell whether whatever else would be asked of the other side would fail alike."""
    if isinstance(error, RemoteUnavailable):
        return error.status is None or error.status in (429, 502, 503, 504)
    return is_login_problem(error)


def in_plain_words(error: RemoteError, label: str) -> str:
    """Return the text of an error, with what it means for sharing."""
    if is_login_problem(error):
        status = getattr(error, "status", "")
        return (
            f"{label} does not accept our login ({status}): user name and password, or the token, that"
            " DATA_SHARING holds for it are wrong."
        )
    text = str(error)
    if isinstance(error, RemoteRejected) and error.status == 400 and "already exists" in error.detail:
        text += " A target that our account there may not see bears the name: ask for access to it."
    return text


class RemoteTom:
    """Another TOM.

    Parameters
    ----------
    destination : Destination
    """

    def __init__(self, destination: Destination) -> None:
        headers = {"Authorization": f"Token {destination.token}"} if destination.token else None
        self.label = destination.label
        self.service = RemoteService(
            destination.label, destination.base_url, headers=headers, auth=destination.auth
        )
        self.is_ours: bool | None = None
        """Whether it is one of ours, which takes many measurements at once; None before the first answer."""

    # --- targets

    def find(self, target: BaseTarget) -> Match | None:
        """Return the target there that bears a name of ours, else the one at its position.

        Raises
        ------
        AmbiguousMatch
            If there are several.
        RemoteError
        """
        names = [name for name in target.names if name]
        plain = [name for name in names if "," not in name]
        found = self._named("name", ",".join(plain[:20]), names) if plain else []
        if not found:
            for name in names[:20]:
                found += self._named("name_fuzzy", name, names)
        how = "has the same name"
        if not found and target.type == target.SIDEREAL and target.ra is not None and target.dec is not None:
            radius_arcsec = targets_conf.duplicate_radius_arcsec()
            found = self._near(target, radius_arcsec)
            how = "is at the same position"
        unique = {remote["id"]: remote for remote in found}
        if len(unique) > 1:
            listed = ", ".join(sorted(str(remote.get("name")) for remote in unique.values()))
            raise AmbiguousMatch(f"{len(unique)} targets at {self.label} could be {target.name}: {listed}.")
        for remote in unique.values():
            return Match(remote, how)
        return None

    def _named(self, parameter: str, text: str, names: Sequence[str]) -> list[Payload]:
        rows = self._pages("api/targets/", {parameter: text, "limit": PAGE_SIZE})
        return [row for row in rows if "id" in row and bears_a_name(row, names)]

    def _near(self, target: BaseTarget, radius_arcsec: float) -> list[Payload]:
        asked = f"{target.ra!r},{target.dec!r},{2 * radius_arcsec / 3600.0:.9f}"
        rows = self._pages("api/targets/", {"cone_search": asked, "limit": PAGE_SIZE})
        return [row for row in rows if "id" in row and self._is_near(row, target, radius_arcsec)]

    @staticmethod
    def _is_near(row: Payload, target: BaseTarget, radius_arcsec: float) -> bool:
        if not (is_number(row.get("ra")) and is_number(row.get("dec"))):
            return False
        if target.ra is None or target.dec is None:
            return False
        return bool(separation_arcsec(row["ra"], row["dec"], target.ra, target.dec) <= radius_arcsec)

    def create_target(self, payload: Payload) -> Payload:
        """Make a target and return it as the other side tells it."""
        return self._target(self.service.post_json("api/targets/", payload))

    def change_target(self, pk: int, changes: Payload) -> Payload:
        """Change a target and return it as the other side tells it."""
        return self._target(self.service.patch_json(f"api/targets/{pk}/", changes))

    def rehearse_target(self, payload: Payload, pk: int | None = None) -> str:
        """Return why a target would not be made, or with a key not be changed; '' if it would.

        What is sent is wrong on purpose, so that the other side judges the rest and stores nothing.
        """
        try:
            if pk is None:
                self.service.post_json("api/targets/", {**payload, "type": NEVER_VALID})
            else:
                self.service.patch_json(f"api/targets/{pk}/", {**payload, "type": NEVER_VALID})
        except RemoteRejected as error:
            if error.status == 400 and isinstance(error.said, dict):
                others = {name: words for name, words in error.said.items() if name != "type"}
                if not others:
                    return ""
            if stops_all(error):
                raise
            return in_plain_words(error, self.label)
        except RemoteUnavailable as error:
            if stops_all(error):
                raise
            return str(error)
        raise RemoteBadReply(f"{self.label} accepted a target of the type {NEVER_VALID!r}: it is no TOM.")

    # --- measurements and files

    def data_of(self, pk: int) -> Iterator[Payload]:
        """Yield the measurements of a target there."""
        for row in self._pages("api/reduceddatums/", {"target__id": pk, "limit": PAGE_SIZE}):
            if row.get("target") == pk:
                yield row

    def post_data(self, rows: Sequence[Payload], *, dry_run: bool) -> Posted:
        """Send measurements, at most `ROWS_PER_POST`; in a dry run they are judged, where that can be asked.

        Raises
        ------
        RemoteError
            Only one after which nothing else will succeed.
        """
        if self.is_ours:
            return self._post_many(rows, dry_run=dry_run)
        if dry_run:
            return Posted(len(rows), 0, {})
        created, known, refused = 0, 0, {}
        for number, row in enumerate(rows):
            try:
                said = self.service.post_json("api/reduceddatums/", row)
            except RemoteError as error:
                if stops_all(error):
                    raise
                refused[number] = in_plain_words(error, self.label)
                continue
            if isinstance(said, dict) and said.get("already_exists"):
                known += 1
            else:
                created += 1
        return Posted(created, known, refused)

    def _post_many(self, rows: Sequence[Payload], *, dry_run: bool) -> Posted:
        """Send measurements at once; the dry run adds a wrong one and asks for all or nothing."""
        body: list[Any] = [*rows, {"data_type": ""}] if dry_run else list(rows)
        mode = "all_or_nothing" if dry_run else "best_effort"
        try:
            said = self.service.post_json("api/reduceddatums/", body, {"mode": mode})
        except RemoteRejected as error:
            if not (error.status == 400 and isinstance(error.said, dict) and "results" in error.said):
                if stops_all(error):
                    raise
                return Posted(0, 0, dict.fromkeys(range(len(rows)), in_plain_words(error, self.label)))
            said = error.said
        except RemoteUnavailable as error:
            if stops_all(error):
                raise
            return Posted(0, 0, dict.fromkeys(range(len(rows)), str(error)))
        refused = self._refusals(said, len(rows))
        if dry_run:
            return Posted(len(rows) - len(refused), 0, refused)
        known = said.get("already_exists", 0)
        return Posted(len(rows) - len(refused) - known, known, refused)

    def _refusals(self, said: Any, count: int) -> dict[int, str]:
        if not isinstance(said, dict) or not isinstance(said.get("results"), list):
            raise RemoteBadReply(f"{self.label} did not say what became of the measurements.")
        found = {}
        for entry in said["results"]:
            index = entry.get("index") if isinstance(entry, dict) else None
            if isinstance(index, int) and 0 <= index < count:
                found[index] = f"{self.label}: {plain_words(entry.get('errors'))}"
        return found

    def product_ids_of(self, remote: Payload) -> set[str]:
        """Return the product ids of the files of a target there."""
        names = names_of(remote)
        rows = self._pages("api/dataproducts/", {"target_name": names[0], "limit": PAGE_SIZE})
        return {str(row["product_id"]) for row in rows if row.get("product_id")}

    def post_file(self, fields: Payload, name: str, file: Any, content_type: str) -> bool:
        """Send a file and return whether it is new there."""
        said = self.service.post_form("api/dataproducts/", fields, {"file": (name, file, content_type)})
        return not (isinstance(said, dict) and said.get("already_exists"))

    def rehearse_file(self, data_product_type: str) -> str:
        """Return why a file of a type would not be taken; '' if nothing speaks against it.

        It is sent for no target at all, which the other side refuses.
        """
        fields = {"target": "", "data_product_type": data_product_type}
        try:
            self.service.post_form(
                "api/dataproducts/", fields, {"file": ("dry-run.txt", b"dry run", "text/plain")}
            )
        except RemoteRejected as error:
            if error.status == 400 and isinstance(error.said, dict):
                others = {name: words for name, words in error.said.items() if name != "target"}
                return f"{self.label}: {plain_words(others)}" if others else ""
            if stops_all(error):
                raise
            return in_plain_words(error, self.label)
        except RemoteUnavailable as error:
            if stops_all(error):
                raise
            return str(error)
        raise RemoteBadReply(f"{self.label} accepted a file without a target: it is no TOM.")

    # --- answers

    def _pages(self, path: str, params: Payload) -> Iterator[Payload]:
        """Yield the rows of all pages; of the address of the next one only the parameters are taken."""
        for _ in range(MAX_PAGES):
            said = self.service.get_json(path, params)
            rows = said if isinstance(said, list) else said.get("results") if isinstance(said, dict) else None
            if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
                raise RemoteBadReply(f"{self.label} did not answer {path} with a list: is it a TOM?")
            if self.is_ours is None:
                self.is_ours = isinstance(said, dict) and "count_is_estimate" in said
            yield from rows
            next_url = said.get("next") if isinstance(said, dict) else None
            if not next_url or not rows:
                return
            params = dict(parse_qsl(urlsplit(str(next_url)).query))
        raise RemoteBadReply(f"{self.label} sends pages of {path} without end.")

    def _target(self, said: Any) -> Payload:
        if not isinstance(said, dict) or not isinstance(said.get("id"), int):
            raise RemoteBadReply(f"{self.label} did not answer with the target.")
        return said
