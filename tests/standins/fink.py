"""A stand-in for Fink's REST services: ``/ztf`` and ``/lsst``, with the recorded alerts of the shared data.

Speaks as the server does: arguments from the query string, flat rows with prefixed keys, refusals as plain
text that looks like a Python dict, and words such as "null" and "Unknown" for no value.
"""

import math
from contextlib import contextmanager
from functools import cache

import fastavro

from tests.standins.babamul import recorded_stamp
from tests.standins.serving import StandIn, running

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c63f8cfc0f01f0005000180ff0a2db4b40000000049454e44ae426082"
)
TAGS = {"extragalactic_new_candidate": "new", "in_tns": "at the TNS"}
CLASSES = {
    "Fink classifiers": ["Early SN Ia candidate", "SN candidate", "Kilonova candidate"],
    "Cross-match with TNS": ["(TNS) SN Ia"],
    "Cross-match with SIMBAD (see otypes)": ["(SIMBAD) AGN"],
}
_D = (
    "rf_snia_vs_nonia snn_snia_vs_nonia snn_sn_vs_all rf_kn_vs_nonkn mulens slsn_score mag_rate cdsxmatch "
    "tns DR3Name vsx gcvs"
).split()
_XM = "simbad_otype tns_fullname tns_type tns_redshift gaiadr3_DR3Name legacydr8_zphot vsx_Type".split()


@cache
def ztf_rows(folder):
    """Give the recorded ZTF alerts as rows, those of an object with its previous detections and limits."""
    rows = []
    with (folder / "alerts" / "fink" / "fink_ztf_31alerts.avro").open("rb") as file:
        for alert in fastavro.reader(file):
            found = {f"i:{key}": value for key, value in alert["candidate"].items()}
            found |= {"i:objectId": alert["objectId"], "i:candid": alert["candid"], "d:tag": "valid"}
            found |= {f"d:{key}": alert.get(key) for key in _D}
            found["v:classification"] = alert.get("finkclass") or "SN candidate"
            rows.append(found)
            for previous in alert.get("prv_candidates") or ():
                row = {f"i:{key}": value for key, value in previous.items()}
                is_limit = previous["candid"] is None
                row |= {"i:objectId": alert["objectId"], "d:tag": "upperlim" if is_limit else "badquality"}
                row["i:candid"] = -1
                rows.append(row)
    return rows


@cache
def lsst_rows(folder):
    """Give the recorded LSST sources as rows, and their forced photometry."""
    rows, forced = [], []
    with (folder / "alerts" / "fink" / "fink_lsst_7alerts.avro").open("rb") as file:
        for alert in fastavro.reader(file):
            facts = {f"f:xm_{key}": (alert.get("xm") or {}).get(key) for key in _XM}
            facts |= {f"f:clf_{key}": value for key, value in (alert.get("clf") or {}).items()}
            facts["f:pred_main_label_crossmatch"] = (alert.get("pred") or {}).get("main_label_crossmatch")
            facts["f:firstDiaSourceMjdTaiFink"] = (alert.get("misc") or {}).get("firstDiaSourceMjdTaiFink")
            newest = {f"r:{key}": value for key, value in alert["diaSource"].items()}
            rows.append({**newest, **facts, "r:nDiaSources": (alert["diaObject"] or {}).get("nDiaSources")})
            rows += [
                {f"r:{key}": value for key, value in one.items()} for one in alert.get("prvDiaSources") or ()
            ]
            forced += [
                {f"r:{key}": value for key, value in one.items()}
                for one in alert.get("prvDiaForcedSources") or ()
            ]
    return rows, forced


class Fink(StandIn):
    """State of the stand-in; `folder` holds the shared data."""

    def __init__(self, folder):
        super().__init__()
        self.folder = folder
        self.asked = []
        self.stamp = recorded_stamp(folder / "alerts")

    def settings(self):
        """Give the ``DATA_SERVICES`` that lead here."""
        return {
            "Fink ZTF": {"base_url": f"{self.url}/ztf/api/v1", "web_url": f"{self.url}/web"},
            "Fink LSST": {"base_url": f"{self.url}/lsst/api/v1", "web_url": f"{self.url}/web"},
        }

    def answer(self, method, path, query, body, headers):
        survey, _, endpoint = path.strip("/").partition("/api/v1/")
        asked = {key: values[0] for key, values in query.items()}
        self.asked.append((survey, endpoint, asked))
        if endpoint == "cutouts":
            is_fits = asked["output-format"] == "FITS"
            return (200, self.stamp, "image/fits") if is_fits else (200, PNG, "image/png")
        answer = getattr(self, f"{survey}_{endpoint}", None)
        if answer is None:
            return 404, b"<html><title>404 Not Found</title></html>", "text/html"
        rows = answer(asked)
        if isinstance(rows, str):
            return 400, repr({"status": "error", "text": rows}).encode(), "text/plain"
        return 200, _clean(rows), "application/json"

    # --- ZTF

    def ztf_classes(self, asked):
        return CLASSES

    def ztf_objects(self, asked):
        if "objectId" not in asked:
            return "A value for `objectId` is required. Use GET to see the arguments."
        ids = asked["objectId"].split(",")
        with_limits = asked.get("withupperlim") == "True"
        rows = [row for row in ztf_rows(self.folder) if row["i:objectId"] in ids]
        return [row for row in rows if with_limits or row["d:tag"] == "valid"]

    def ztf_conesearch(self, asked):
        rows = [row for row in ztf_rows(self.folder) if row["d:tag"] == "valid"]
        return self.near(rows, asked, "i")

    def ztf_latests(self, asked):
        if asked.get("class") not in sum(CLASSES.values(), []):
            return f"{asked.get('class')} is not a valid class. See /api/v1/classes."
        rows = [row for row in ztf_rows(self.folder) if row["d:tag"] == "valid"]
        rows = [row for row in rows if row["v:classification"] == asked["class"]]
        return rows[: int(asked.get("n", 10))]

    def ztf_sso(self, asked):
        rows = [row for row in ztf_rows(self.folder) if row["d:tag"] == "valid"][:3]
        if asked["n_or_d"] != "8467":
            return []
        return [{**row, "i:ssnamenr": "8467"} for row in rows]

    def ztf_resolver(self, asked):
        first = ztf_rows(self.folder)[0]["i:objectId"]
        if "2026abc" not in asked["name"]:
            return []
        return [{"d:fullname": "SN 2026abc", "d:internalname": f"ATLAS26xyz, {first}", "d:ra": 1.0}]

    def ztf_skymap(self, asked):
        return [row for row in ztf_rows(self.folder) if row["d:tag"] == "valid"][:2]

    # --- LSST

    def lsst_tags(self, asked):
        if not asked:
            return TAGS
        if asked["tag"] not in TAGS:
            return f"{asked['tag']} is not a valid tag."
        alerts = [row for row in lsst_rows(self.folder)[0] if "f:xm_tns_type" in row]
        return alerts[: int(asked.get("n", 10))]

    def lsst_sources(self, asked):
        ids = asked["diaObjectId"].split(",")
        return [row for row in lsst_rows(self.folder)[0] if str(row["r:diaObjectId"]) in ids]

    def lsst_fp(self, asked):
        ids = asked["diaObjectId"].split(",")
        return [row for row in lsst_rows(self.folder)[1] if str(row["r:diaObjectId"]) in ids]

    def lsst_conesearch(self, asked):
        if "startdate" in asked and "f:firstDiaSourceMjdTaiFink" not in asked.get("columns", ""):
            return "Date filters need the column f:firstDiaSourceMjdTaiFink."
        return self.near(lsst_rows(self.folder)[0], asked, "r")

    def lsst_sso(self, asked):
        return [row for row in lsst_rows(self.folder)[0] if row["r:ssObjectId"]][:2]

    def near(self, rows, asked, prefix):
        if not {"ra", "dec", "radius"} <= set(asked):
            return "A value for `ra` is required."
        newest = {}
        for row in rows:
            apart = math.hypot(
                (row[f"{prefix}:ra"] - float(asked["ra"])) * math.cos(math.radians(float(asked["dec"]))),
                row[f"{prefix}:dec"] - float(asked["dec"]),
            )
            if apart * 3600 <= float(asked["radius"]):
                key = row.get("i:objectId") or row.get("r:diaObjectId")
                newest.setdefault(key, {**row, "v:separation_degree": apart})
        return sorted(newest.values(), key=lambda row: row["v:separation_degree"])


def _clean(value):
    """Leave out what JSON has no form for: images; NaN goes as it is, as Python's own encoder has it."""
    if isinstance(value, list):
        return [_clean(one) for one in value]
    if isinstance(value, dict):
        return {key: one for key, one in value.items() if not isinstance(one, bytes | dict)}
    return value


@contextmanager
def fink(folder, port=0):
    """Give the state of a running stand-in."""
    with running(Fink(folder), port) as state:
        yield state
