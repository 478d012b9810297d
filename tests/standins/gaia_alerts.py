"""A stand-in for the archive of Gaia Science Alerts: its table of alerts, and light curves."""

from contextlib import contextmanager

from tests.standins.serving import StandIn, running

ROWS = [
    "#Name, Date, RaDeg, DecDeg, AlertMag, HistoricMag, HistoricStdDev, Class, Published, Comment, TNSid",
    "Gaia18aak, 2018-01-12 03:04:05, 280.00500, -59.99710, 16.61, 18.2, 0.31, unknown, 2018-01-15 08:00:00"
    ', "bright, blue star", AT2018aak',
    "Gaia22abc, 2022-06-01 12:00:00, 10.68470, 41.26880, 17.90, , , SN Ia, 2022-06-04 08:00:00"
    ", candidate SN in M31, SN2022abc",
    "Gaia24zzz, 2024-12-30 00:00:00, 0.00000, -89.99000, 18.95, 19.5, 0.02, , 2025-01-02 08:00:00"
    ", brightening, ",
]
TABLE = "\n".join(ROWS) + "\n"
LIGHT_CURVE = """Gaia18aak
#Date,JD(TCB),averagemag.
2018-01-10 01:02:03,2458128.54,18.11
2018-01-11 01:02:03,2458129.54,null
2018-01-11 07:02:03,2458129.79,untrusted
2018-01-12 03:04:05,2458130.625,16.61
"""


class GaiaAlerts(StandIn):
    """State of the stand-in."""

    def settings(self):
        return {"Gaia Alerts": {"base_url": self.url}}

    def answer(self, method, path, query, body, headers):
        if path == "/alerts/alerts.csv":
            return 200, TABLE.encode(), "text/csv"
        if path == "/alerts/alert/Gaia18aak/lightcurve.csv":
            return 200, LIGHT_CURVE.encode(), "text/csv"
        if path.endswith("/lightcurve.csv"):
            return 200, LIGHT_CURVE.partition("2018")[0].encode(), "text/csv"
        return 404, b"no such page", "text/plain"


@contextmanager
def gaia_alerts():
    """Give the state of a running stand-in."""
    with running(GaiaAlerts()) as state:
        yield state
