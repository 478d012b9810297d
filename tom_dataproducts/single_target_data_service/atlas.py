"""ATLAS forced photometry: the queue of fallingstar-data.com.

References
----------
https://fallingstar-data.com/forcedphot/apiguide/ and contracts/services.md 1.1 (read 2026-11-21).
"""

from __future__ import annotations

import re
from typing import Any

from django import forms

from tom_common.remote import RemoteRejected
from tom_dataproducts.models import ServiceQuery
from tom_dataproducts.single_target_data_service import remote_data_service as remote
from tom_dataproducts.single_target_data_service.atlas_client import AtlasClient, whole_table
from tom_dataproducts.single_target_data_service.credentials import CredentialField
from tom_dataproducts.single_target_data_service.epochs import EpochsForm, span_of
from tom_dataproducts.single_target_data_service.mpc_names import first_mpc_name, mpc_name
from tom_dataproducts.single_target_data_service.positions import (
    asked_position,
    julian_year,
    mjd_of_julian_year,
)
from tom_dataproducts.single_target_data_service.single_target_data_service import (
    SingleTargetDataServiceException,
)
from tom_targets.models import BaseTarget

FIRST_MJD = 57200.0
"""A day before the first exposure, MJD."""


class AtlasForcedPhotometryQueryForm(EpochsForm):
    """Which epochs, on which images."""

    use_reduced = forms.BooleanField(
        required=False,
        label="On the images themselves",
        help_text="Total brightness, for a variable star; without, on the difference to a reference image.",
    )
    mpc_name = forms.CharField(
        required=False,
        max_length=300,
        label="Name at the Minor Planet Center",
        help_text="Of a moving target: (12267), 2022 WO1, C/2021 Y1. Then ATLAS follows its orbit.",
    )
    fieldsets = (
        ("When", ("min_date", "max_date", "all_history")),
        ("How", ("use_reduced", "mpc_name")),
    )

    def clean_mpc_name(self) -> str:
        """Return a designation packed, as ATLAS takes it."""
        text = self.cleaned_data["mpc_name"].strip()
        if not text:
            return ""
        if set(text) & set("'\";"):
            raise forms.ValidationError("A designation has no quotes and no semicolon.")
        return mpc_name(text) or text


class AtlasForcedPhotometryService(remote.RemoteDataService):
    """Photometry at the position of a target on all images that ATLAS took."""

    name = "Atlas"
    verbose_name = "ATLAS forced photometry"
    info_url = "https://fallingstar-data.com/forcedphot/apiguide/"
    service_notes = "Flux at this position on each image in c and o, detected or not. Takes minutes."
    default_url = "https://fallingstar-data.com/forcedphot"
    product_type = "atlas_photometry"
    is_queued = True
    can_withdraw = True
    settle_s = 45.0
    credential_fields = (CredentialField("api_key", "ATLAS token", "api_key"),)
    key_help = "An account at fallingstar-data.com has a token, shown at its page /forcedphot/apitoken/."

    def get_form(self) -> type[AtlasForcedPhotometryQueryForm]:
        """Return the form with epochs and images."""
        return AtlasForcedPhotometryQueryForm

    def get_data_product_type(self) -> str:
        """Return the type that `AtlasProcessor` reads."""
        return self.product_type

    def get_initial(self, target: BaseTarget) -> dict[str, Any]:
        """Return what the form begins with: the designation of a moving target."""
        if target.type != BaseTarget.NON_SIDEREAL:
            return {}
        return {"mpc_name": first_mpc_name(target.names)}

    def position_note(self, target: BaseTarget) -> str:
        """Return what the form says about a target that moves."""
        if target.type == BaseTarget.NON_SIDEREAL:
            return "It moves: ATLAS follows its orbit by its name at the Minor Planet Center."
        if target.pm_ra or target.pm_dec:
            return (
                f"Its proper motion ({target.pm_ra or 0:g}, {target.pm_dec or 0:g} mas/yr) is applied: ATLAS"
                " measures where it was at each image."
            )
        return ""

    def prepare(self, cleaned: dict[str, Any], target: BaseTarget) -> remote.Ask:
        """Return the task as ATLAS takes it: a position with its motion, or a name of a moving object."""
        span = span_of(cleaned, first_mjd=FIRST_MJD)
        images = "reduced images" if cleaned.get("use_reduced") else "difference images"
        task: dict[str, Any] = {
            "mjd_min": None if cleaned.get("all_history") else round(span.begin, 5),
            "mjd_max": None if span.end is None else round(span.end, 5),
            "use_reduced": bool(cleaned.get("use_reduced")),
            "send_email": False,
        }
        name = cleaned.get("mpc_name") or ""
        if not name and target.type == BaseTarget.NON_SIDEREAL:
            name = first_mpc_name(target.names)
            if not name:
                raise SingleTargetDataServiceException(
                    f"{target.name} moves, and the Minor Planet Center knows none of its names: give one."
                )
        if name:
            return remote.Ask({"task": {**task, "mpc_name": name}}, name, f"{name}, {images}, {span.words}")
        year = round(julian_year((span.begin + span.last) / 2), 1)  # the server keeps one decimal
        half = (span.last - span.begin) / 2
        middle = mjd_of_julian_year(year)
        place = asked_position(target, mjd_from=middle - half, mjd_to=middle + half)
        task |= {"ra": round(place.ra_deg, 7), "dec": round(place.dec_deg, 7)}
        if target.pm_ra or target.pm_dec:
            motion = {"propermotion_ra": target.pm_ra or 0.0, "propermotion_dec": target.pm_dec or 0.0}
            task |= {"radec_epoch_year": year, **motion}
        key = f"{place.ra_deg:.4f} {place.dec_deg:+.4f}"
        moving = f", {place.words}" if place.words else ""
        return remote.Ask({"task": task}, key, f"{key}, {images}, {span.words}{moving}")

    # --- the queue

    def _client(self, query: ServiceQuery) -> AtlasClient:
        return AtlasClient(self.credentials(query.user)["api_key"], self.url)

    def send(self, query: ServiceQuery) -> str:
        """Put the task into the queue, with the mark of the query as its comment."""
        task = self._client(query).submit({**query.parameters["task"], "comment": query.mark})
        return str(task["id"])

    def find(self, query: ServiceQuery) -> str:
        """Look for the task with the mark of the query."""
        return self._client(query).task_with_comment(query.mark, since=query.sent_at or query.created)

    def look(self, query: ServiceQuery) -> remote.Look:
        """Return where in the queue the task is, or what it ended with."""
        try:
            task = self._client(query).task(query.remote_id)
        except RemoteRejected as error:
            if error.status == 404:
                raise remote.NotTaken(
                    "ATLAS has not got the request any more: it was deleted there, or archived after a month."
                ) from error
            raise
        if not task.get("finishtimestamp"):
            if task.get("starttimestamp"):
                return remote.Look(remote.WORKING)
            return remote.Look(remote.WAITING, queue_position=_whole_number(task.get("queuepos")))
        if task.get("error_msg"):
            return _refused(str(task["error_msg"]))
        if not task.get("result_url"):
            return remote.Look(remote.NOTHING, text="ATLAS ended without a result and without a reason.")
        return remote.Look(remote.READY, address=str(task["result_url"])[:500])

    def fetch(self, query: ServiceQuery) -> remote.ResultFile | None:
        """Return the table, None for one without rows."""
        content = self._client(query).result(query.result_address)
        if not whole_table(content):
            return None
        return remote.ResultFile(f"atlas_{query.remote_id}.txt", content)

    def withdraw(self, query: ServiceQuery) -> None:
        """Delete the task."""
        self._client(query).delete(query.remote_id)


def _refused(text: str) -> remote.Look:
    """Return what a task ended with: nothing on its images there, or an error."""
    if re.search(r"no (data|images?|exposures?|observations?)|not covered|out of range", text, re.I):
        return remote.Look(remote.NOTHING, text=f"ATLAS: {text}")
    words = f"ATLAS could not do this: {text.rstrip('. ')}. Try again, or ask anew for something else."
    return remote.Look(remote.FAILED, text=words)


def _whole_number(value: Any) -> int | None:
    return int(value) if isinstance(value, int | float) and value >= 0 else None
