"""Stand-ins for the light curves of ZTF at IRSA, and for the Pan-STARRS tables at MAST."""

import json
from functools import cache

from tests.shared_data import shared_data_dir
from tests.standins.serving import StandIn

IRSA_HEAD = (
    "oid,expid,hjd,mjd,mag,magerr,catflags,filtercode,ra,dec,chi,sharp,filefracday,field,ccdid,qid,limitmag,magzp,"
    "magzprms,clrcoeff,clrcounc,exptime,airmass,programid"
)
IRSA_ROW = (
    "{oid},1,NaN,{mjd},{mag},0.02,{flags},{band},10.0,20.0,1.0,0.1,20200101,600,1,1,20.5,26.2,0.03,-0.05,0.001,"
    "30,1.1,1"
)
DETECTION_HEAD = "objID,detectID,filterID,obsTime,ra,dec,psfFlux,psfFluxErr,psfQfPerfect,infoFlag"
MEAN_HEAD = (
    "objID,raMean,decMean,epochMean,nDetections,gMeanPSFMag,gMeanPSFMagErr,rMeanPSFMag,rMeanPSFMagErr,"
    "iMeanPSFMag,iMeanPSFMagErr,zMeanPSFMag,zMeanPSFMagErr,yMeanPSFMag,yMeanPSFMagErr"
)
STACK_HEAD = (
    "objID,primaryDetection,gPSFMag,gPSFMagErr,gKronMag,rPSFMag,rPSFMagErr,rKronMag,iPSFMag,iPSFMagErr"
)
FORCED_HEAD = "objID,gnTotal,gFPSFFlux,gFPSFMag,gFPSFMagErr,rnTotal,rFPSFFlux,rFPSFMag,rFPSFMagErr"
HEADS = {
    "dr2/detection.csv": DETECTION_HEAD,
    "dr1/mean.csv": MEAN_HEAD,
    "dr2/mean.csv": MEAN_HEAD,
    "dr1/stack.csv": STACK_HEAD,
    "dr2/stack.csv": STACK_HEAD,
    "dr2/forced_mean.csv": FORCED_HEAD,
}


@cache
def mean_columns():
    """Return the columns of the mean table, as MAST listed them."""
    path = shared_data_dir() / "data" / "services" / "mast" / "panstarrs_columns.json"
    return {column["name"] for column in json.loads(path.read_text())}


class IRSA(StandIn):
    """Gives `content`."""

    def __init__(self):
        super().__init__()
        self.content = self.table((58300.1, 18.2, "zr", 0), (58301.1, 18.4, "zg", 0))

    @staticmethod
    def table(*rows):
        lines = [IRSA_HEAD]
        for mjd, mag, band, flags in rows:
            lines.append(IRSA_ROW.format(oid=60012345678901234, mjd=mjd, mag=mag, band=band, flags=flags))
        return ("\n".join(lines) + "\n").encode()

    def answer(self, method, path, query, body, headers):
        assert path == "/cgi-bin/ZTF/nph_light_curves"
        self.asked = {name: values[0] for name, values in query.items()}
        return 200, self.content, "text/csv"


class MAST(StandIn):
    """`objects` are (objID, ra, dec); `rows` of the tables by objID and table."""

    base = "/api/v0.1/panstarrs/"

    def __init__(self):
        super().__init__()
        self.objects = [(110651501000012345, 10.0003, 20.0), (110651501000054321, 10.0001, 20.0)]
        near = "110651501000054321"
        mean = "10.0001,20.0,56000.5,12,18.2,0.01,17.9,0.01,-999,-999,17.5,0.02,-999,-999"
        self.tables = {
            "detection": [
                f"{near},{i},{1 + i % 5},{55500.0 + i},10,20,0.0002,0.000002,0.99,1" for i in range(4)
            ],
            "mean": [f"{near},{mean}"],
            "stack": [f"{near},1,18.25,0.005,18.1,17.95,0.004,17.8,-999,-999"],
            "forced_mean": [f"{near},11,0.000187,18.22,0.008,9,-999,-999,-999"],
        }

    def answer(self, method, path, query, body, headers):
        release, table = path.removeprefix(self.base).split("/")
        self.asked = {**query, "release": release, "table": table}
        if table == "mean.json":
            names = query["columns"]
            if unknown := set(names) - mean_columns():
                return 400, f"no such columns: {sorted(unknown)}".encode(), "text/plain"
            info = [{"name": name, "type": "float"} for name in names]
            known = [
                {"objID": str(a), "raMean": b, "decMean": c, "epochMean": 56000.5, "nDetections": 5}
                for a, b, c in self.objects
            ]
            rows = [[row[name] for name in names] for row in known]
            return 200, json.dumps({"info": info, "data": rows}).encode(), "application/json"
        head = HEADS.get(f"{release}/{table}")
        if head is None:
            return 500, b"no such table", "text/plain"
        number = query["objID"][0]
        rows = [row for row in self.tables[table[:-4]] if row.startswith(number)]
        if query["page"][0] != "1":
            rows = []
        return 200, ("\n".join([head, *rows]) + "\n" if rows else "").encode(), "text/csv"
