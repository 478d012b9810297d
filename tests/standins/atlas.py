"""A stand-in for the ATLAS forced-photometry server: queue, results, limits and errors of its real API.

``python -m tests.standins.atlas PORT`` runs it in a process of its own, for measurements.
"""

import json
import sys
import time
from datetime import UTC, datetime

from tests.standins.serving import StandIn, running

TOKEN = "0123456789abcdef0123456789abcdef01234567"
HEADER = (
    "###MJD          m      dm   uJy   duJy F err chi/N     RA       Dec        x        y     maj  min   phi"
    "  apfit mag5sig Sky   Obs\n"
)
ROW = (
    "{mjd:.6f}  {mag:.3f}  0.089   {flux:.0f}   37 o  0   1.03  {ra:.5f} {dec:.5f}  9674.06  2072.74"
    " 2.51 1.85  76.9 -0.504 19.34 20.82 04a{day:05d}o0180o\n"
)
WRITABLE = ("mpc_name", "ra", "dec", "mjd_min", "mjd_max", "use_reduced", "comment", "send_email")
WRITABLE += ("radec_epoch_year", "propermotion_ra", "propermotion_dec")


class Atlas(StandIn):
    """Tasks wait for `queued_s` and run for `run_s` seconds; then there are `rows`, or an `error_msg`."""

    base = "/forcedphot/"

    def __init__(self, *, queued_s=0.0, run_s=0.0, rows=5, slow_post_s=0.0):
        super().__init__()
        self.tasks = {}
        self.deleted = []
        self.queued_s, self.run_s, self.rows, self.slow_post_s = queued_s, run_s, rows, slow_post_s
        self.error_msg = None
        self.table = None
        self.token = TOKEN
        self.limit = 500

    def answer(self, method, path, query, body, headers):
        if path == "/_state":
            return 200, {"submitted": len(self.tasks), "comments": self.comments()}, "application/json"
        if headers.get("Authorization") != f"Token {self.token}":
            return 401, {"detail": "Invalid token."}, "application/json"
        path = path.removeprefix(self.base)
        with self.lock:
            found = self.respond(method, path, query, body)
        if method == "POST" and self.slow_post_s:
            time.sleep(self.slow_post_s)
        return found

    def comments(self):
        return [task["comment"] for task in self.tasks.values()]

    def respond(self, method, path, query, body):
        parts = path.strip("/").split("/")
        if parts[0] == "static":
            task = self.tasks.get(int(parts[-1].removeprefix("job").removesuffix(".txt")))
            if task is None or task["id"] in self.deleted:
                return 404, b"<html><title>404 Not Found</title></html>", "text/html"
            return 200, self.result(task), "text/plain"
        if parts == ["queue"]:
            if method == "POST":
                return self.submit(json.loads(body))
            return 200, self.page(query), "application/json"
        task = self.tasks.get(int(parts[1])) if len(parts) == 2 and parts[1].isdecimal() else None
        if task is None or task["id"] in self.deleted:
            return 404, {"detail": "No Task matches the given query."}, "application/json"
        if method == "DELETE":
            self.deleted.append(task["id"])
            return 204, b"", "application/json"
        return 200, self.shown(task), "application/json"

    def submit(self, sent):
        unknown = set(sent) - set(WRITABLE)
        errors = {name: ["Unknown field."] for name in unknown}
        if sent.get("mpc_name") and sent.get("ra") is not None:
            errors["non_field_errors"] = ["mpc_name and (ra, dec) exclude each other"]
        if not sent.get("mpc_name") and (sent.get("ra") is None or sent.get("dec") is None):
            errors["non_field_errors"] = ["Either mpc_name or (ra, dec) must be specified"]
        if sent.get("mjd_max") is not None and sent["mjd_max"] <= (sent.get("mjd_min") or 0):
            errors["mjd_max"] = ["mjd_max must be greater than mjd_min"]
        if errors:
            return 400, errors, "application/json"
        if len(self.tasks) - len(self.deleted) >= self.limit:
            text = f"ERROR: You have too many queued tasks ({len(self.tasks)})."
            return 400, {"non_field_errors": text}, "application/json"
        number = 1000 + len(self.tasks)
        self.tasks[number] = {
            "id": number,
            "made": time.time(),
            **{name: sent.get(name) for name in WRITABLE},
        }
        return 201, self.shown(self.tasks[number]), "application/json"

    def shown(self, task):
        age = time.time() - task["made"]
        is_started, is_done = age >= self.queued_s, age >= self.queued_s + self.run_s
        address = f"{self.url}{self.base}"
        ahead = [other for other in self.tasks.values() if other["made"] < task["made"]]
        waiting = [other for other in ahead if time.time() - other["made"] < self.queued_s]
        failed = self.error_msg if is_done else None
        return {
            **{name: value for name, value in task.items() if name != "made"},
            "url": f"{address}queue/{task['id']}/",
            "username": "tom",
            "timestamp": stamp(task["made"]),
            "starttimestamp": stamp(task["made"] + self.queued_s) if is_started else None,
            "finishtimestamp": stamp(task["made"] + self.queued_s + self.run_s) if is_done else None,
            "finished": is_done,
            "result_url": None if failed or not is_done else f"{address}static/results/job{task['id']}.txt",
            "error_msg": failed,
            "queuepos": None if is_started else len(waiting),
            "request_type": "FP",
        }

    def page(self, query):
        size = min(int(query.get("pagesize", ["6"])[0]), 100)
        begin = int(query.get("cursor", ["0"])[0])
        kept = [
            task for number, task in sorted(self.tasks.items(), reverse=True) if number not in self.deleted
        ]
        following = f"http://behind.a.proxy{self.base}queue/?pagesize={size}&cursor={begin + size}"
        return {
            "next": following if begin + size < len(kept) else None,
            "previous": None,
            "taskcount": len(kept),
            "results": [self.shown(task) for task in kept[begin : begin + size]],
        }

    def result(self, task):
        if self.table is not None:
            return self.table
        ra, dec = task["ra"] if task["ra"] is not None else 10.0, task["dec"] or 0.0
        begin = task["mjd_min"] or 60000.0
        rows = []
        for i in range(self.rows):
            mjd = begin + i
            rows.append(ROW.format(mjd=mjd, mag=17.0 + i / 10, flux=500 - i, ra=ra, dec=dec, day=int(mjd)))
        return (HEADER + "".join(rows)).encode()


def stamp(seconds):
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


def running_atlas(**options):
    return running(Atlas(**options))


if __name__ == "__main__":
    with running(Atlas(queued_s=3.0, run_s=2.0, slow_post_s=0.2), int(sys.argv[1])) as atlas:
        while True:
            time.sleep(3600)
