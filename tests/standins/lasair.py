"""A stand-in for Lasair: LSST below ``/lsst/api``, the ZTF archive below ``/ztf/api``; both want a token."""

import json
import re
from contextlib import contextmanager

from tests.standins.babamul import recorded_stamp
from tests.standins.serving import StandIn, running

LSST_ID = 313637921267122191
ZTF_ID = "ZTF23aabplmy"


class Lasair(StandIn):
    """State of the stand-in; `folder` holds the shared data. `calls_left` counts down to a refusal."""

    token = "a very secret token"  # noqa: S105

    def __init__(self, folder):
        super().__init__()
        recorded = folder / "alerts" / "lasair"
        read = lambda name: json.loads((recorded / name).read_text())  # noqa: E731
        self.full = read("lasair_lsst_313637921267122191_full.json")
        self.row = read("lasair_lsst_313637921267122191_object.json")
        self.ztf = read("lasair_ztf_objects_ZTF23aabplmy.json")[0]
        self.rows = [{**self.row, "diaObjectId": LSST_ID + one} for one in range(5)]
        self.stamp = recorded_stamp(folder / "alerts")
        self.images_at = None
        self.queries = []
        self.calls_left = 1000

    def settings(self):
        """Give the ``DATA_SERVICES`` that lead here."""
        return {
            "Lasair": {"base_url": f"{self.url}/lsst/api", "api_key": self.token, "page_size": 2},
            "Lasair ZTF": {"base_url": f"{self.url}/ztf/api", "api_key": self.token},
        }

    def answer(self, method, path, query, body, headers):
        asked = {key: values[0] for key, values in query.items()}
        if path.startswith("/static/fits/"):
            told = headers.get("Authorization")
            return (200, self.stamp, "image/fits") if told is None else (400, b"token told", "text/plain")
        if headers.get("Authorization") != f"Token {self.token}":
            return 401, {"detail": "Invalid token."}, "application/json"
        self.calls_left -= 1
        if self.calls_left < 0:
            return (
                429,
                {"message": "Request limit exceeded. The limit is 100 calls an hour."},
                "application/json",
            )
        survey, _, what = path.strip("/").partition("/api/")
        if what == "query":
            self.queries.append(asked)
            return self.query(survey, asked)
        if what == "cone":
            return self.cone(survey, asked)
        if what == "object":
            return self.object(survey, asked)
        return 404, {"detail": "Not found."}, "application/json"

    def query(self, survey, asked):
        if "broken" in asked["conditions"]:
            return 400, {"error": "You have an error in your SQL syntax"}, "application/json"
        if "older code" in asked["conditions"]:
            return 200, {"error": "Query is not allowed"}, "application/json"
        rows = self.rows if survey == "lsst" else [self.ztf_row()]
        ids = re.search(r"IN \(([^)]*)\)", asked["conditions"])
        if ids:
            wanted = [one.strip(" '") for one in ids[1].split(",")]
            rows = [row for row in rows if str(row.get("diaObjectId", row.get("objectId"))) in wanted]
        offset, limit = int(asked["offset"]), int(asked["limit"])
        if "sherlock_classifications" in asked["tables"]:
            rows = [{**row, "classification": "SN", "separationArcsec": 2.75} for row in rows]
        return 200, rows[offset : offset + limit], "application/json"

    def addresses(self, number):
        at = self.images_at or self.url
        return {
            role: f"{at}/static/fits/{number}_cutout{role}.fits"
            for role in ("Science", "Template", "Difference")
        }

    def ztf_row(self):
        data = self.ztf["objectData"]
        return {
            "objectId": ZTF_ID,
            "ramean": data["ramean"],
            "decmean": data["decmean"],
            "ncand": data["ncand"],
            "jdmax": data["jdmax"],
            "jdgmax": data["jdmax"],
            "gmag": 16.82,
            "rmag": float("nan"),
        }

    def cone(self, survey, asked):
        if not 0 <= float(asked["ra"]) <= 360:
            return 400, {"ra": ["A valid number is required."]}, "application/json"
        if survey == "ztf":
            return 200, [{"object": ZTF_ID, "separation": 0.5}], "application/json"
        found = [{"object": LSST_ID + 1, "separation": 1.5}, {"object": LSST_ID, "separation": 0.3}]
        return 200, {"objects": found, "count": 2, "nearest": found[1]}, "application/json"

    def object(self, survey, asked):
        if survey == "ztf":
            known = asked["objectId"] == ZTF_ID
            first, *others = self.ztf["candidates"]
            first = {**first, "image_urls": self.addresses(first["candid"])}
            answer = {**self.ztf, "candidates": [first, *others]}
            return (200, answer, "application/json") if known else (404, {"detail": "Not found."}, "")
        if asked["objectId"] != str(LSST_ID):
            return 404, {"detail": "Not found."}, "application/json"
        forced = [
            {"psfFlux": -120.5, "psfFluxErr": 80.0, "midpointMjdTai": 60970.25, "band": "i"},
            {
                "psfFlux": 90.0,
                "psfFluxErr": 80.0,
                "midpointMjdTai": 60971.25,
                "band": "i",
                "timeWithdrawnMjdTai": 60980.0,
            },
        ]
        added = {
            "sherlock": {"classification": "ORPHAN"},
            "TNS": {"tns_name": "2025abc", "tns_prefix": "SN", "type": "SN II"},
            "annotations": [{"topic": "our_annotator", "classification": "SN", "version": "0.1"}],
            "imageUrls": [
                {"diaSourceId": one["diaSourceId"], **self.addresses(one["diaSourceId"])}
                for one in self.full["diaSourcesList"]
            ],
        }
        answer = {
            "diaObjectId": LSST_ID,
            "diaObject": self.full["diaObject"],
            "diaSourcesList": self.full["diaSourcesList"],
            "diaForcedSourcesList": forced,
            "lasairData": added,
        }
        return 200, answer, "application/json"


@contextmanager
def lasair(folder, port=0):
    """Give the state of a running stand-in."""
    with running(Lasair(folder), port) as state:
        yield state
