"""ZTF forced photometry of IPAC: difference fluxes at a position on all images that ZTF took."""

from __future__ import annotations

from typing import Any

from tom_common.astro.time import JD_OF_MJD_0
from tom_dataproducts.models import ServiceQuery
from tom_dataproducts.single_target_data_service import remote_data_service as remote
from tom_dataproducts.single_target_data_service.credentials import CredentialField
from tom_dataproducts.single_target_data_service.epochs import EpochsForm, span_of
from tom_dataproducts.single_target_data_service.positions import asked_position
from tom_dataproducts.single_target_data_service.single_target_data_service import (
    SingleTargetDataServiceException,
)
from tom_dataproducts.single_target_data_service.ztf_client import ListedRequest, ZTFClient, ZTFRequest
from tom_targets.models import BaseTarget

FIRST_MJD = 58194.0
"""2018-03-17, before which the service has no images."""
SOUTHERNMOST_DEG = -31.0
MOST_DRIFT_ARCSEC = 1.0
"""Farther a target may not move in the time that is asked for: the aperture stays where it is."""
TAKEN = "taken"
"""Stands for the number of a request that the service took and does not list yet."""
_EXIT_WORDS = {
    61: "the position is at the edge of its images",
    63: "it has no image of this position in this time",
    64: "its measurement failed",
    65: "the end is before its first image",
    255: "its database failed",
}
_WHAT_NOW = "Try again later, or ask anew for other epochs."
_NO_FILE = {63, 64, 65, 255}


class ZTFForcedPhotometryQueryForm(EpochsForm):
    """Which epochs."""

    fieldsets = (("When", ("min_date", "max_date", "all_history")),)


class ZTFForcedPhotometryService(remote.RemoteDataService):
    """Photometry at the position of a target on all difference images of ZTF."""

    name = "ZTF forced photometry"
    verbose_name = "ZTF forced photometry"
    info_url = "https://irsa.ipac.caltech.edu/data/ZTF/docs/ztf_forced_photometry.pdf"
    service_notes = "Flux at this position on each difference image in g, r, i. Takes minutes to a day."
    default_url = "https://ztfweb.ipac.caltech.edu"
    is_queued = True
    can_tell = False
    settle_s = 900.0
    paces = ((600.0, 120.0), (float("inf"), 300.0))
    credential_fields = (
        CredentialField("site_user", "site name", "username", is_personal=False),
        CredentialField("site_password", "site password", "password", is_personal=False),
        CredentialField("email", "e-mail address", "email", is_secret=False),
        CredentialField("userpass", "ZTF password", "userpass"),
    )
    key_help = "IPAC mails a password for its forced-photometry service to those who ask for one."

    def get_form(self) -> type[ZTFForcedPhotometryQueryForm]:
        """Return the form with the epochs."""
        return ZTFForcedPhotometryQueryForm

    def get_data_product_type(self) -> str:
        """Return the type of the light-curve files."""
        return "ztf_forced_photometry"

    def position_note(self, target: BaseTarget) -> str:
        """Return what the form says about a target that moves."""
        if target.type == BaseTarget.NON_SIDEREAL:
            return "It moves: ZTF is asked where its orbit takes it in the middle of a short span of time."
        if target.pm_ra or target.pm_dec:
            return "Its proper motion is applied: ZTF is asked where it was in the middle of the time."
        return ""

    def prepare(self, cleaned: dict[str, Any], target: BaseTarget) -> remote.Ask:
        """Return position and time as the service takes them: 7 decimals, JD."""
        span = span_of(cleaned, first_mjd=FIRST_MJD)
        place = asked_position(target, mjd_from=span.begin, mjd_to=span.last)
        if place.dec_deg < SOUTHERNMOST_DEG:
            raise SingleTargetDataServiceException(
                f"ZTF does not see declination {place.dec_deg:.1f}°: its limit is {SOUTHERNMOST_DEG:.0f}°."
            )
        if place.is_on_orbit and place.drift_arcsec > MOST_DRIFT_ARCSEC:
            days = (span.last - span.begin) * MOST_DRIFT_ARCSEC / place.drift_arcsec
            raise SingleTargetDataServiceException(
                f"{target.name} moves {place.drift_arcsec:,.0f}″ in this time, and ZTF measures at one place:"
                f" ask for at most {days * 1440:.1f} minutes around an image."
            )
        request = {
            "ra_deg": round(place.ra_deg, 7),
            "dec_deg": round(place.dec_deg, 7),
            "jd_start": round(span.begin + JD_OF_MJD_0, 5),
            "jd_end": round(span.last + JD_OF_MJD_0, 5),
        }
        key = f"{place.ra_deg:.4f} {place.dec_deg:+.4f}"
        moving = f", {place.words}" if place.words else ""
        return remote.Ask({"task": request}, key, f"{key}, {span.words}{moving}")

    # --- the queue

    def _client(self, query: ServiceQuery) -> ZTFClient:
        keys = self.credentials(query.user)
        site = (keys["site_user"], keys["site_password"])
        return ZTFClient(self.url, site=site, email=keys["email"], userpass=keys["userpass"])

    def _ours(self, query: ServiceQuery) -> ListedRequest | None:
        """Return the request as it is listed: one like it that was not there before it was sent."""
        listed = self._client(query).listed(ZTFRequest(**query.parameters["task"]))
        new = [found for found in listed if found.number not in query.known_before]
        return new[-1] if new else None

    def listed_before(self, query: ServiceQuery) -> list[str]:
        """Return the numbers of earlier requests for the same position and time."""
        return [found.number for found in self._client(query).listed(ZTFRequest(**query.parameters["task"]))]

    def send(self, query: ServiceQuery) -> str:
        """Send the request, which gets no number."""
        self._client(query).submit(ZTFRequest(**query.parameters["task"]))
        return TAKEN

    def find(self, query: ServiceQuery) -> str:
        """Look for the request among those that the service lists."""
        found = self._ours(query)
        return found.number if found is not None else ""

    def look(self, query: ServiceQuery) -> remote.Look:
        """Return whether the file is there, and why there is none."""
        found = self._ours(query)
        if found is None:
            return remote.Look(remote.WAITING, text="ZTF has taken the request and does not list it yet.")
        if found.address:
            return remote.Look(remote.READY, address=found.address[:500])
        if found.exit_code is None:
            return remote.Look(remote.WAITING, text="Waiting in the queue of ZTF, which tells no position.")
        words = _EXIT_WORDS.get(found.exit_code, f"it ended with code {found.exit_code}")
        if found.exit_code == 63:
            return remote.Look(remote.NOTHING, text=f"ZTF says: {words}.")
        if found.exit_code in _NO_FILE:
            return remote.Look(remote.FAILED, text=f"ZTF could not do this: {words}. {_WHAT_NOW}")
        return remote.Look(remote.WAITING, text="ZTF has finished and has not put the file there yet.")

    def fetch(self, query: ServiceQuery) -> remote.ResultFile | None:
        """Return the light curve, None for one without rows."""
        content = self._client(query).file(query.result_address)
        if not whole_light_curve(content):
            return None
        return remote.ResultFile(f"ztf_forced_{query.pk}.txt", content)


def whole_light_curve(content: bytes) -> bool:
    """Tell whether a light-curve file has rows.

    Raises
    ------
    NotWhole
        If it is no light curve, or breaks off in a row.
    """
    lines = [line for line in content.decode(errors="replace").splitlines() if line and line[0] != "#"]
    if not lines or "forcediffimflux" not in lines[0]:
        raise remote.NotWhole("ZTF gave something that is not its light curve.")
    columns = len(lines[0].replace(",", " ").split())
    if len(lines) > 1 and len(lines[-1].split()) < columns:
        raise remote.NotWhole("The light curve that ZTF gave breaks off in a row.")
    return len(lines) > 1
