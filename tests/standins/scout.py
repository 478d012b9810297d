"""A stand-in for JPL Scout: a summary of four objects, three with orbits; numbers mostly as text."""

from contextlib import contextmanager

from tests.standins.serving import StandIn, running

SIGNATURE = {"source": "NASA/JPL Scout API", "version": "1.3"}
FIRST = {
    "objectName": "P12aBcD",
    "nObs": 5,
    "arc": "0.06",
    "H": "24.1",
    "rating": 1,
    "moid": "0.01",
    "caDist": "3.4",
    "vInf": "12.1",
    "neoScore": 100,
    "phaScore": 4,
    "neo1kmScore": 0,
    "geocentricScore": 0,
    "ieoScore": 0,
    "tisserandScore": 30,
    "ra": "12:53",
    "dec": "+09",
    "elong": "165",
    "rate": "1.8",
    "Vmag": "20.8",
    "unc": "40",
    "uncP1": "120",
    "rmsN": "0.18",
    "tEphem": "2026-11-20 01:45",
    "lastRun": "2026-11-20 00:43",
}
_DIFFERENCES = [
    {},
    {
        "objectName": "A11xYz9",
        "neoScore": 62,
        "phaScore": 12,
        "Vmag": "18.2",
        "unc": "3",
        "rating": 3,
        "ra": "03:04",
        "dec": "-71",
        "rate": "42.0",
        "elong": "98",
        "nObs": 21,
        "caDist": None,
    },
    {
        "objectName": "C0FAINT",
        "neoScore": 8,
        "phaScore": 0,
        "Vmag": "22.9",
        "unc": "900",
        "rating": None,
        "ra": "23:59",
        "dec": "+00",
        "rate": "0.6",
        "elong": "61",
        "nObs": 3,
    },
    {"objectName": "ZTF10xx", "neoScore": 95, "Vmag": "19.9", "unc": "12", "rating": 0, "rate": "5.1"},
]
ROWS = [FIRST | different for different in _DIFFERENCES]
FIELDS = [
    "idx epoch ec qr tp om w inc H dca tca moid vinf geoEcc impFlag".split(),
    # Three samples; the middle one is the most typical.
    [
        "0 2461365.0 .201 .99 2461300.1 10.0 20.0 5.0 24.0 3.1 2461366.1 .01 11 1.1 0".split(),
        "1 2461365.0 .303 .91 2461310.5 11.5 22.5 6.1 24.2 3.4 2461366.2 .01 12 1.2 0".split(),
        "2 2461365.0 .612 .70 2461330.7 15.0 29.0 9.4 24.9 4.0 2461366.4 .02 15 1.4 0".split(),
    ],
]


class Scout(StandIn):
    """State of the stand-in; `rows` is its summary."""

    def __init__(self):
        super().__init__()
        self.rows = list(ROWS)
        self.version = "1.3"

    def settings(self):
        return {"Scout": {"base_url": self.url}}

    def answer(self, method, path, query, body, headers):
        if path != "/scout.api":
            return 404, b"no such page", "text/plain"
        return 200, self.scout(query), "application/json"

    def scout(self, query):
        signature = {"signature": SIGNATURE | {"version": self.version}}
        if "tdes" not in query:
            return {**signature, "count": str(len(self.rows)), "data": self.rows}
        row = next((row for row in self.rows if row["objectName"] == query["tdes"][0]), None)
        if row is None:
            return {**signature, "error": "specified object does not exist"}
        answer = {**signature, **row}
        if query.get("orbits") == ["1"]:
            orbits = [] if row["objectName"] == "C0FAINT" else FIELDS[1]
            answer["orbits"] = {"count": str(len(orbits)), "fields": FIELDS[0], "data": orbits}
        return answer


@contextmanager
def scout():
    """Give the state of a running stand-in."""
    with running(Scout()) as state:
        yield state
