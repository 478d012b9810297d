"""A stand-in for Babamul (BOOM): the recorded object of the shared data, and made-up alerts."""

import base64
import json
from contextlib import contextmanager

from tests.standins.serving import StandIn, running

RUBIN_ID = "170028508652666896"
RUBIN = {
    "candid": 170032915988086813,
    "objectId": RUBIN_ID,
    "candidate": {
        "jd": 2461365.75,
        "ra": 53.1,
        "dec": -27.9,
        "band": "r",
        "psfFlux": 5200.0,
        "psfFluxErr": 410.0,
    }
    | {"snr": 12.6, "isdiffpos": True, "magpsf": 22.11, "sigmapsf": 0.09, "diffmaglim": 24.0},
    "prv_candidates": [
        {
            "jd": 2461360.75,
            "band": "g",
            "psfFlux": -820.0,
            "psfFluxErr": 200.0,
            "zp": 31.4,
            "isdiffpos": False,
        },
        {"jd": 2461361.75, "band": "i", "psfFlux": 4.1, "psfFluxErr": 0.3, "zp": 23.9, "isdiffpos": True},
    ],
    "fp_hists": [{"jd": 2461359.75, "band": "r", "psfFlux": 60.0, "psfFluxErr": 180.0}],
    "survey_matches": {"ztf": {"objectId": "ZTF25aagbkaj"}},
    "classifications": {},
    "properties": {"rock": False, "star": False, "stationary": True},
}


def recorded_stamp(recorded, role="Science"):
    """Return an image of the recorded object: gzip FITS of 63 by 63 pixels."""
    said = json.loads((recorded / "babamul" / "boom_object_ZTF25aagbkaj.json").read_text())["data"]
    return bytes(said[f"cutout{role}"])


class Babamul(StandIn):
    """State of the stand-in; `asked` holds the queries."""

    def __init__(self, recorded):
        super().__init__()
        self.ztf = json.loads((recorded / "babamul" / "boom_object_ZTF25aagbkaj.json").read_text())["data"]
        self.stamp = recorded_stamp(recorded)
        self.stamp_as_list = False
        self.token = "bbml_secret_token"
        self.asked = []

    def settings(self):
        return {"Babamul": {"base_url": self.url, "api_key": self.token, "page_size": 2}}

    def answer(self, method, path, query, body, headers):
        if headers["Authorization"] != f"Bearer {self.token}":
            return 401, {"message": "invalid token"}, "application/json"
        parts = path.strip("/").split("/")
        if parts[:1] != ["surveys"]:
            return 404, {"message": "no such page"}, "application/json"
        survey, kind = parts[1], parts[2]
        if kind == "alerts":
            self.asked.append({key: value[0] for key, value in query.items()})
            rows = self.alerts(survey)
            skip, limit = int(query["skip"][0]), int(query["limit"][0])
            return 200, {"message": "found", "data": rows[skip : skip + limit]}, "application/json"
        known = self.ztf if survey == "ZTF" else RUBIN
        if parts[3] != known["objectId"]:
            return 404, {"message": "object not found"}, "application/json"
        if parts[4:] == ["cutouts"]:
            roles = ("Science", "Template", "Difference")
            image = list(self.stamp) if self.stamp_as_list else base64.b64encode(self.stamp).decode()
            data = {f"cutout{role}": image for role in roles}
            return 200, {"message": "found", "data": data}, "application/json"
        return 200, {"message": "found", "data": known}, "application/json"

    def alerts(self, survey):
        if survey == "LSST":
            return [RUBIN]
        one = {key: self.ztf[key] for key in ("objectId", "candidate", "classifications")}
        older = {**one, "candidate": {**one["candidate"], "jd": one["candidate"]["jd"] - 1}}
        other = {**one, "objectId": "ZTF25bbbbbbb", "classifications": {}}
        return [one, older, other]


@contextmanager
def babamul(recorded):
    """Give the state of a running stand-in."""
    with running(Babamul(recorded)) as state:
        yield state
