"""A stand-in for the catalogues, all under one address.

Their answers are recorded ones of the shared data where there are any, else made in the published shape.
"""

import json
import re
from contextlib import contextmanager
from urllib.parse import parse_qs, unquote

from tests.standins import tap
from tests.standins.scout import Scout
from tests.standins.serving import StandIn, running

BETELGEUSE = {
    "oid": 1575544,
    "main_id": "* alf Ori",
    "ra": 88.79293899,
    "dec": 7.407064,
    "pmra": 27.54,
    "pmdec": 11.3,
    "plx_value": 6.55,
    "rvz_redshift": 0.000073,
    "otype": "s*r",
    "sp_type": "M1-M2Ia-Iab",
}
BETELGEUSE_NAMES = ["* alf Ori", "NAME Betelgeuse", "HD  39801", "V* alf Ori"]
M31 = {
    "ResultCode": 3,
    "Supplied": "m31",
    "Interpreted": {"Name": "MESSIER 031"},
    "Preferred": {
        "Name": "MESSIER 031",
        "Position": {"RA": 10.68479, "Dec": 41.26906},
        "ObjType": {"Value": "G"},
        "Redshift": {"Value": -0.001001, "Uncertainty": 1.3e-05, "QualityFlag": None},
    },
}
SESAME = """<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<Sesame><Target><name>m31</name>
<Resolver name="S=Simbad (CDS, via client/server)"><otype>G</otype><jradeg>10.6847083</jradeg>
<jdedeg>41.26875</jdedeg><z><v>-0.001001</v></z><oname>M 31</oname><alias>NGC 224</alias>
<alias>NAME Andromeda Galaxy</alias></Resolver></Target></Sesame>"""
TRANSIENT = {
    "objname": "2023ixf",
    "name_prefix": "SN",
    "objid": 131234,
    "object_type": {"name": "SN II", "id": 10},
    "redshift": 0.000804,
    "ra": "14:03:38.562",
    "dec": "+54:18:41.94",
    "radeg": 210.910674637,
    "decdeg": 54.3116510708,
    "hostname": "M101",
    "internal_names": "ATLAS23ptg, Gaia23bjf, ZTF23aaklqou",
    "discoverydate": "2023-05-19 17:27:15.000",
    "discoverymag": 14.9,
    "reporting_group": {"groupid": 1, "group_name": "None"},
    "photometry": [],
}
NOT_ON_TNS = {"objname": {"110": {"message": "No results found.", "message_id": 110}}}


class Catalogues(StandIn):
    """State of the stand-in; `recorded` is the folder of the recorded answers."""

    def __init__(self, recorded):
        super().__init__()
        self.recorded = recorded
        self.tns_key = "the key"
        self.tns_near = ["2023ixf"]
        self.statements = []
        self.scout = Scout()

    def answer(self, method, path, query, body, headers):
        if path.endswith("/sync"):
            return self.tap(path, parse_qs(body.decode())["QUERY"][0])
        if path.startswith("/cgi-bin/nph-sesame/"):
            return self.sesame(unquote(next(iter(query))))
        if path.startswith("/api/get/"):
            return self.tns(path.rpartition("/")[2], parse_qs(body.decode()), headers["User-Agent"])
        answers = {
            "/scout.api": lambda: _json(self.scout.scout(query)),
            "/srs/ObjectLookup": lambda: self.ned(query),
            "/cgi-bin/objsearch": lambda: self.ned_near(query),
            "/sbdb.api": lambda: self.sbdb(query),
            "/api/get-orb": lambda: self.mpc(json.loads(body)),
            "/api/horizons.api": lambda: self.horizons(query),
        }
        return answers[path]() if path in answers else (404, b"no such page", "text/plain")

    def tap(self, path, adql):
        self.statements.append(adql)
        if path == "/tap-server/tap/sync":
            return _json(tap.gaia(adql, self.recorded))
        return _json(tap.vizier(adql)) if path == "/TAPVizieR/tap/sync" else self.simbad(adql)

    def settings(self):
        """Give the ``DATA_SERVICES`` that lead here."""
        names = ("Simbad", "NED", "Sesame", "MPC", "JPL SBDB", "JPL Horizons", "Gaia", "VizieR", "Scout")
        tns = {"base_url": self.url, "api_key": self.tns_key, "bot_id": 42, "bot_name": "our bot"}
        return {**{name: {"base_url": self.url} for name in names}, "TNS": tns}

    # --- answers: status, content, type

    def simbad(self, adql):
        oid = re.search(r"oidref = (\d+)", adql)
        if "mesDistance" in adql:
            rows = [["  152.67", "pc  ", -20.0, 27.0]] if oid else []
            return _json(_table(["dist", "unit", "minus_err", "plus_err"], rows))
        if "CIRCLE" in adql:
            near = tap.is_near(adql, BETELGEUSE["ra"], BETELGEUSE["dec"])
            return _json(_table(list(BETELGEUSE), [list(BETELGEUSE.values())] if near else []))
        if oid:
            return _json(_table(["id"], [[name] for name in BETELGEUSE_NAMES]))
        name = re.search(r"ident.id = '(.*)'", adql).group(1)
        known = name.lower().replace(" ", "") in {"betelgeuse", "hd39801", "alfori"}
        rows = [list(BETELGEUSE.values())] if known else []
        return _json(_table(list(BETELGEUSE), rows))

    def ned(self, query):
        if query["name"][0] == "Antennae":
            return _json({"ResultCode": 1, "Interpreted": {"Aliases": ["NGC 4038", "NGC  4039"]}})
        known = query["name"][0].lower() in {"m31", "messier 031"}
        return _json(M31 if known else {"ResultCode": 0, "Supplied": query["name"][0]})

    def ned_near(self, query):
        """Answer with the recorded cone around 83.82, -5.39, or with the recorded error."""
        lon, lat = (float(query[key][0].rstrip("d")) for key in ("lon", "lat"))
        known = abs(lon - 83.822083) < 0.001 and abs(lat + 5.391111) < 0.001
        file = "query_near_position.xml" if known else "error.xml"
        return 200, (self.recorded / "ned" / file).read_bytes(), "text/xml"

    def sesame(self, name):
        if name.lower() == "m31":
            return 200, SESAME.encode(), "text/xml"
        return 200, b"<Sesame><Target><INFO>*** Nothing found ***</INFO></Target></Sesame>", "text/xml"

    def sbdb(self, query):
        name = query["sstr"][0].lower()
        files = {"ceres": "ceres.dat", "1": "ceres.dat", "apophis": "apophis.dat", "67p": "67P.dat"}
        if name in files:
            return 200, (self.recorded / "jplsbdb" / files[name]).read_bytes(), "application/json"
        if name == "pa":
            several = [{"pdes": "2", "name": "2 Pallas"}, {"pdes": "44", "name": "44 Nysa"}]
            return 300, {"code": 300, "list": several}, "application/json"
        return _json({"code": "200", "message": "specified object was not found"})

    def mpc(self, body):
        if body == {"desig": "65803"}:
            orbit = json.loads((self.recorded / "mpc" / "test_65803_mpc_orb.json").read_text())
            return _json([{"mpc_orb": orbit}, 200])
        return _json([{"mpc_orb": None}, 200])

    def horizons(self, query):
        command = query["COMMAND"][0].strip("'\"")
        ceres = "ceres_elements_single.txt"
        files = {"Ceres": ceres, "1;": ceres, "wrong date": "tlist_error.txt"}
        if command in files:
            return 200, (self.recorded / "jplhorizons" / files[command]).read_bytes(), "text/plain"
        if command == "DES=67P; CAP; NOFRAG;":
            return 200, b' No ephemeris for target "67P" after A.D. 2100\n', "text/plain"
        if command == "Halley":
            rows = b"    90000030    -239    1P             1P              Halley\n"
            rows += b"    90000033    1994    1P             1P              Halley\n"
            return 200, b" Matching small-bodies: \n\n    Record #  Epoch-yr\n" + rows, "text/plain"
        if command == "Mars":
            rows = b"  ID#      Name\n  -------  ----\n        4  Mars Barycenter\n      499  Mars\n"
            return 200, b' Multiple major-bodies match string "MARS*"\n\n' + rows, "text/plain"
        return 200, b"\n No matches found.\n", "text/plain"

    def tns(self, what, form, agent):
        if form["api_key"][0] != self.tns_key or not agent.startswith('tns_marker{"tns_id": 42'):
            return 401, b"<html>Unauthorized</html>", "text/html"
        asked = json.loads(form["data"][0])
        if what == "search":
            if "ra" in asked:
                near = abs(float(asked["ra"]) - TRANSIENT["radeg"]) < 0.01
                return _envelope([{"objname": one} for one in self.tns_near] if near else NOT_ON_TNS)
            known = asked["internal_name"] == "ZTF23aaklqou"
            return _envelope([{"objname": "2023ixf", "prefix": "SN", "objid": 131234}] if known else [])
        return _envelope(TRANSIENT if asked["objname"] == "2023ixf" else NOT_ON_TNS)


def _table(names, rows):
    return {"metadata": [{"name": name} for name in names], "data": rows}


def _json(value):
    return 200, value, "application/json"


def _envelope(data):
    return _json({"id_code": 200, "id_message": "OK", "data": data})


@contextmanager
def catalogues(recorded):
    """Give the state of a running stand-in."""
    with running(Catalogues(recorded)) as state:
        yield state
