"""A stand-in for the ZTF forced-photometry service of IPAC: pages of HTML, no numbers on submission."""

import base64
import json
from urllib.parse import parse_qs

from tests.standins.serving import StandIn

SITE = ("site", "site-password")
EMAIL, USERPASS = "observer@example.org", "ztf-password"
NAMES = (
    "index field ccdid qid filter pid infobitssci sciinpseeing scibckgnd scisigpix zpmaginpsci zpmaginpsciunc"
    " zpmaginpscirms clrcoeff clrcoeffunc ncalmatches exptime adpctdif1 adpctdif2 diffmaglim zpdiff programid"
    " jd rfid forcediffimflux forcediffimfluxunc forcediffimsnr forcediffimchisq forcediffimfluxap"
    " forcediffimfluxuncap forcediffimsnrap aperturecorr dnearestrefsrc nearestrefmag nearestrefmagunc"
    " nearestrefchi nearestrefsharp refjdstart refjdend procstatus"
).split()
HEAD = ("reqId", "ra", "dec", "startJD", "endJD", "created", "started", "ended", "exitcode", "lightcurve")
GOOD = {"index": 0, "field": 600, "filter": "ZTF_r", "exptime": 30, "zpdiff": 26.3, "diffmaglim": 20.5}
GOOD |= {"infobitssci": 0, "sciinpseeing": 2.0, "scisigpix": 10.0, "programid": 1, "procstatus": "0"}


def light_curve(*rows):
    """Give a file as the service makes it; what a row leaves out is null."""
    lines = ["# Requested input R.A. = 10.0 degrees", ", ".join(NAMES)]
    lines += [" ".join(str({**GOOD, **row}.get(name, "null")) for name in NAMES) for row in rows]
    return ("\n".join(lines) + "\n").encode()


def point(jd, flux, unc=10.0, **more):
    return {"jd": jd, "forcediffimflux": flux, "forcediffimfluxunc": unc, **more}


class ZTF(StandIn):
    """Requests of `jobs` have the `exit_code` and the `file` that are set, or wait where both are None."""

    def __init__(self):
        super().__init__()
        self.jobs = []
        self.file = light_curve(point(2460000.5, 500.0), point(2460001.5, -3.0, procstatus="57"))
        self.exit_code = 0
        self.is_listed = True
        self.others = [
            {"reqId": 11, "ra": "200.0", "dec": "1.0", "startJD": "2458194.5", "endJD": "2460000.5"}
        ]

    def answer(self, method, path, query, body, headers):
        wanted = "Basic " + base64.b64encode(":".join(SITE).encode()).decode()
        if headers.get("Authorization") != wanted:
            return 401, b"<html><title>401 Unauthorized</title></html>", "text/html"
        form = {name: values[0] for name, values in (parse_qs(body.decode()) if body else query).items()}
        if path.startswith("/ztf/ops/"):
            return 200, self.file, "text/plain"
        if (form.get("email"), form.get("userpass")) != (EMAIL, USERPASS):
            return 200, b"<html><body>Error: incorrect password for this user.</body></html>", "text/html"
        if path == "/cgi-bin/batchfp.py/submit":
            (ra,), (dec,) = json.loads(form["ra"]), json.loads(form["dec"])
            times = {"startJD": form["jdstart"], "endJD": form["jdend"]}
            self.jobs.append({"reqId": 20 + len(self.jobs), "ra": f"{ra:.7f}", "dec": f"{dec:.7f}", **times})
            return 200, b"<html><body>Your request was submitted.</body></html>", "text/html"
        rows = self.rows(form["option"])
        if not rows:
            return 200, b"<html><body>Zero records returned.</body></html>", "text/html"
        return 200, page(rows), "text/html"

    def rows(self, option):
        is_done = self.exit_code is not None
        ours = self.jobs if self.is_listed and is_done == (option == "All recent jobs") else []
        address = "/ztf/ops/forcedphot/batchfp_req0000000020_lc.txt" if self.file is not None else ""
        done = {"exitcode": self.exit_code, "lightcurve": address if self.exit_code in range(57, 63) else ""}
        if self.exit_code == 0:
            done["lightcurve"] = address
        return [*self.others, *({**job, **(done if is_done else {})} for job in ours)]


def page(rows):
    head = "".join(f"<th>{name}</th>" for name in HEAD)
    cells = ("".join(f"<td> {row.get(name, '')} </td>" for name in HEAD) for row in rows)
    body = "".join(f"<tr>{line}</tr>" for line in cells)
    return f"<html><body><table border=1><tr>{head}</tr>{body}</table></body></html>".encode()
