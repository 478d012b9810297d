"""A stand-in for GraceDB: three superevents, one with the sky map of the recorded notice."""

import base64
import json
from contextlib import contextmanager

from tests.standins.serving import StandIn, running

FIRST = {
    "superevent_id": "S230518h",
    "gw_id": "GW230518_125908",
    "category": "Production",
    "created": "2023-05-18 12:59:26 UTC",
    "t_0": 1368449966.17,
    "far": 3.2e-10,
    "labels": ["ADVOK", "EM_READY", "SKYMAP_READY"],
    "preferred_event_data": {
        "group": "CBC",
        "pipeline": "gstlal",
        "search": "AllSky",
        "instruments": "H1,L1",
    },
    "links": {},
}
EVENTS = [
    FIRST,
    {**FIRST, "superevent_id": "S230520ae", "gw_id": None, "labels": ["RETRACTED"], "t_0": 1368600000.0},
    {**FIRST, "superevent_id": "MS230521b", "gw_id": None, "category": "MDC", "preferred_event_data": None},
]


class GraceDb(StandIn):
    """State of the stand-in; `words` holds the queries."""

    def __init__(self, recorded):
        super().__init__()
        notice = json.loads((recorded / "lvk" / "MS181101ab-initial.json").read_text())
        self.sky_map = base64.b64decode(notice["event"]["skymap"])
        self.words = []
        self.maps = 1

    def settings(self):
        return {"GraceDB": {"base_url": self.url, "page_size": 2}}

    def answer(self, method, path, query, body, headers):
        parts = path.strip("/").split("/")[2:]
        if not parts:
            self.words.append(query["query"][0])
            start, count = int(query["start"][0]), int(query["count"][0])
            links = {"next": f"{self.url}/next" if start + count < len(EVENTS) else None}
            page = {"superevents": EVENTS[start : start + count], "numRows": len(EVENTS), "links": links}
            return 200, page, "application/json"
        event = next((one for one in EVENTS if one["superevent_id"] == parts[0]), None)
        if event is None:
            return 404, {"error": "No SuperEvent matches the given query."}, "application/json"
        if parts[1:] == ["files"]:
            maps = ["bayestar.multiorder.fits", *(f"bayestar.multiorder.fits,{n}" for n in range(self.maps))]
            names = [*maps, "event.log"] if event is FIRST else ["event.log"]
            return 200, {name: f"{self.url}{path}{name}" for name in names}, "application/json"
        if parts[1:] == ["files", "bayestar.multiorder.fits"]:
            return 200, self.sky_map, "application/fits"
        return 200, event, "application/json"


@contextmanager
def gracedb(recorded):
    """Give the state of a running stand-in."""
    with running(GraceDb(recorded)) as state:
        yield state
