"""A stand-in for the Transient Name Server: marker, key, search, objects with photometry and spectra."""

import csv
import io
import json
import zipfile
from contextlib import contextmanager
from urllib.parse import parse_qs

from tests.standins.serving import StandIn, running

AB, VEGA = {"id": 1, "name": "ABMag"}, {"id": 3, "name": "VegaMag"}
ZTF_CAM = {"instrument": {"id": 196, "name": "ZTF-Cam"}, "telescope": {"id": 1, "name": "P48"}}
SPECTRUM = "# wavelength flux\n4000.0 1.1e-15\n4002.5 1.2e-15\n4005.0 1.3e-15\n"
PHOTOMETRY = [
    {"jd": 2461314.75, "obsdate": "2026-10-01 06:00:00", "flux": "", "fluxerr": "", "limflux": 20.5}
    | {"flux_unit": AB, "filters": {"id": 110, "name": "g-ZTF"}, "remarks": "[Last non detection]"}
    | ZTF_CAM,
    {"jd": 2461316.67, "obsdate": "2026-10-03 04:11:22", "flux": 19.1, "fluxerr": 0.1, "limflux": ""}
    | {"flux_unit": AB, "filters": {"id": 110, "name": "g-ZTF"}, "remarks": ""}
    | ZTF_CAM,
    {"jd": 2461317.5, "obsdate": "2026-10-04 00:00:00", "flux": "18.7", "fluxerr": "", "limflux": 21.0}
    | {
        "flux_unit": AB,
        "filters": {"id": 72, "name": "orange-ATLAS"},
        "instrument": {"id": 153, "name": "ATLAS1"},
    }
    | {"telescope": {"id": 159, "name": "ATLAS1-HKO"}},
    {"jd": 2461318.5, "obsdate": "2026-10-05 00:00:00", "flux": 18.5, "fluxerr": 0.02, "limflux": None}
    | {
        "flux_unit": VEGA,
        "filters": {"id": 75, "name": "G-Gaia"},
        "instrument": {"id": 163, "name": "Gaia-photometric"},
    }
    | {"telescope": {"id": 11, "name": "Gaia"}},
    {"jd": 2461319.5, "flux": 1e-16, "limflux": "", "flux_unit": {"id": 9, "name": "erg/cm2/sec"}}
    | {"filters": {"id": 0, "name": "Other"}},
]


LIST_COLUMNS = (
    "objid,name_prefix,name,ra,declination,redshift,typeid,type,reporting_groupid,reporting_group,"
    "source_groupid,source_group,discoverydate,discoverymag,discmagfilter,filter,reporters,time_received,"
    "internal_names,Discovery_ADS_bibcode,Class_ADS_bibcodes,creationdate,lastmodified"
).split(",")


def list_file(*rows, name="tns_public_objects.csv"):
    """Return a file of the daily list as TNS makes it: a ZIP of a CSV whose first line is a span of time."""
    text = io.StringIO()
    text.write('"2026-11-20 00:00:00 - 23:59:59"\n')
    writer = csv.DictWriter(text, LIST_COLUMNS, restval="", quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows(rows)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, text.getvalue())
    return content.getvalue()


def list_row(objid, name, **more):
    return {
        "objid": objid,
        "name_prefix": "AT",
        "name": name,
        "ra": 150.1,
        "declination": -32.2,
        "discoverydate": "2026-10-03 04:11:22.000",
        "discoverymag": 19.1,
        "filter": "g-ZTF",
        "reporters": 'A. Person, on behalf of "a survey"',
        "lastmodified": "2026-10-04 10:00:00",
        **more,
    }


def transient(objname, **more):
    return {
        "objname": objname,
        "name_prefix": "SN",
        "objid": 190001,
        "object_type": {"name": "SN Ia", "id": 3},
        "redshift": 0.031,
        "ra": "10:00:24.000",
        "dec": "-32:12:00.00",
        "radeg": 150.1,
        "decdeg": -32.2,
        "hostname": "NGC 3109",
        "host_redshift": None,
        "discoverydate": "2026-10-03 04:11:22.000",
        "discoverymag": 19.1,
        "discmagfilter": {"id": 110, "name": "g", "family": "ZTF"},
        "internal_names": "ZTF26aaaaaaa, ATLAS26abc",
        "reporting_group": {"groupid": 48, "group_name": "ZTF"},
        "discovery_data_source": {"groupid": 48, "group_name": "ZTF"},
        "photometry": [],
        "spectra": [],
        **more,
    }


class Tns(StandIn):
    """State of the stand-in; `asked` holds what was asked and its data, `reply` the older envelope."""

    def __init__(self):
        super().__init__()
        self.key = "the key of the bot"
        self.asked = []
        self.files, self.fetched = {}, []
        self.reply = False
        self.transients = {
            "2026abc": transient("2026abc", photometry=PHOTOMETRY),
            "2026abd": transient("2026abd", name_prefix="AT", object_type={"name": None, "id": None})
            | {"redshift": None, "internal_names": "", "radeg": 10.0, "decdeg": 5.0},
            "2026abe": transient("2026abe", internal_names="Gaia26aaa", radeg=11.0, decdeg=6.0),
        }

    def settings(self):
        bot = {"api_key": self.key, "bot_id": 42, "bot_name": "our bot"}
        return {"TNS": {"base_url": self.url, **bot}}

    def answer(self, method, path, query, body, headers):
        if not str(headers["User-Agent"]).startswith('tns_marker{"tns_id": 42, "type": "bot"'):
            return 403, b"<html><title>Forbidden</title></html>", "text/html"
        form = parse_qs(body.decode())
        if form.get("api_key") != [self.key]:
            return 401, b"<html><title>Unauthorized</title></html>", "text/html"
        if path.startswith("/system/files/tns_public_objects/"):
            found = self.files.get(path.rpartition("/")[2])
            self.fetched.append(path.rpartition("/")[2])
            return (404, b"<html></html>", "text/html") if found is None else (200, found, "application/zip")
        if path.startswith("/system/files/"):
            return 200, SPECTRUM.encode(), "text/plain"
        what, data = path.rpartition("/")[2], json.loads(form["data"][0])
        self.asked.append((what, data))
        found = {"search": self.search, "object": self.object, "values": self.values}[what](data)
        found = {"reply": found, "received_data": data} if self.reply else found
        return 200, {"id_code": 200, "id_message": "OK", "data": found}, "application/json"

    def search(self, data):
        rows = self.transients.values()
        if data.get("internal_name"):
            rows = [row for row in rows if data["internal_name"] in row["internal_names"]]
        return [
            {"objname": row["objname"], "prefix": row["name_prefix"], "objid": row["objid"]} for row in rows
        ]

    def object(self, data):
        found = self.transients.get(data["objname"])
        if found is None:
            return {"objname": {"110": {"message": "No results found.", "message_id": 110}}}
        found = dict(found)
        if data.get("spectra") == "1" and found["objname"] == "2026abc":
            address = f"{self.url}/system/files/uploaded/tns_2026abc.ascii"
            found["spectra"] = [
                {"obsdate": "2026-10-06 00:00:00", "jd": 2461319.5, "exptime": 900, "asciifile": address}
                | {"telescope": {"id": 2, "name": "Keck1"}, "instrument": {"id": 3, "name": "LRIS"}}
            ]
        return found

    def values(self, data):
        return {"object_types": {"3": "SN Ia", "10": "SN II"}, "filters": {"110": "g-ZTF"}}


@contextmanager
def tns():
    """Give the state of a running stand-in."""
    with running(Tns()) as state:
        yield state
