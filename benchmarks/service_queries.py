"""Fifty queries of ATLAS at once, their worker killed three times: each has to end right, asked once.

``python -m benchmarks.service_queries [--worker run_jobs|web|dramatiq] [--queries 50] [--kills 3]`` asks a
stand-in that takes 0.3 s to answer a request after it has stored it, so that kills fall between the two.
With dramatiq the Redis database is emptied after the first kill as well.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from pathlib import Path

from benchmarks.databases import ROOT

WEB_PORT = 8352
LONGEST_S = 600.0


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--worker", choices=("run_jobs", "web", "dramatiq"), default="run_jobs")
    parser.add_argument("--queries", type=int, default=50)
    parser.add_argument("--kills", type=int, default=3)
    return parser.parse_args()


class Worker:
    """The process that runs jobs; it is started again after each kill."""

    def __init__(self, kind: str, log: Path) -> None:
        self.kind, self.log = kind, log
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        """Start it; a web process starts its worker with the first request."""
        manage = [sys.executable, "manage.py"]
        command = {
            "run_jobs": [*manage, "run_jobs"],
            "dramatiq": [*manage, "rundramatiq", "--processes", "1", "--threads", "4"],
            "web": [sys.executable, "-m", "gunicorn", "tom_project.wsgi", "--bind", f"127.0.0.1:{WEB_PORT}"],
        }[self.kind]
        with self.log.open("a") as out:
            self.process = subprocess.Popen(
                command, cwd=ROOT, stdout=out, stderr=out, env=os.environ, start_new_session=True
            )
        if self.kind == "web":
            self._wake()

    def _wake(self) -> None:
        for _ in range(400):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{WEB_PORT}/accounts/login/", timeout=10).read()
                return
            except OSError:
                time.sleep(0.3)
        raise RuntimeError("the web process does not answer")

    def kill(self) -> None:
        """End it, and all that it started, without a word."""
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None


def prepare(count: int) -> list:
    """Make the database, a user and targets; return the queries, all asked at this moment."""
    import django

    django.setup()
    from django.contrib.auth import get_user_model
    from django.core.management import call_command

    from tom_dataproducts.single_target_data_service.queries import start_query
    from tom_dataproducts.single_target_data_service.remote_data_service import remote_service
    from tom_targets.models import Target

    call_command("migrate", verbosity=0)
    user = get_user_model().objects.create_user("observer")
    targets = [
        Target.objects.create(name=f"target {i}", type="SIDEREAL", ra=1.0 + i, dec=10.0) for i in range(count)
    ]
    asked = [{"target_id": target.pk, "min_date": 61000.0, "max_date": 61020.0} for target in targets]
    return [start_query(remote_service("Atlas"), cleaned, user=user)[0] for cleaned in asked]


def run(options: argparse.Namespace, atlas, worker: Worker) -> bool:
    """Ask, kill, wait, and say what came of it."""
    began = time.monotonic()
    queries = prepare(options.queries)
    from tom_common.models import Job
    from tom_dataproducts.models import PhotometryReducedDatum, ServiceQuery

    print(f"{len(queries)} queries asked in {time.monotonic() - began:.1f} s (with migrations)", flush=True)
    began = time.monotonic()
    worker.start()
    lost = 0
    rows = ServiceQuery.objects
    for kill in range(options.kills):
        aim = len(atlas.tasks) + max(1, options.queries // (options.kills + 2))
        while len(atlas.tasks) < min(aim, options.queries) and time.monotonic() - began < LONGEST_S:
            time.sleep(0.01)
        time.sleep(0.1)  # in the middle of the next answer
        worker.kill()
        unknown = rows.filter(sent_at__isnull=False, remote_id="").count()
        lost += unknown
        print(
            f"kill {kill + 1} after {time.monotonic() - began:.1f} s: {len(atlas.tasks)} tasks sent,"
            f" {unknown} requests whose answer nobody wrote down",
            flush=True,
        )
        if options.worker == "dramatiq" and kill == 0:
            import redis

            redis.Redis.from_url(os.environ["REDIS_URL"]).flushdb()
            print("Redis emptied", flush=True)
        worker.start()
    while rows.exclude(finished=None).count() < options.queries and time.monotonic() - began < LONGEST_S:
        time.sleep(0.5)
    took_s = time.monotonic() - began
    states = Counter(rows.values_list("state", flat=True))
    comments = Counter(atlas.comments())
    points = PhotometryReducedDatum.objects.count()
    jobs = Counter(Job.objects.filter(task__endswith="ask_service").values_list("state", flat=True))
    twice = sum(number - 1 for number in comments.values())
    print(f"{took_s:.1f} s until the last had ended; states {dict(states)}; jobs {dict(jobs)}")
    print(f"{len(atlas.tasks)} tasks at the service, {twice} of them asked twice; {points} points stored")
    print(f"{lost} requests of unknown fate after kills, looked up; load {os.getloadavg()[0]:.1f}")
    right = states == Counter(done=options.queries) and len(atlas.tasks) == options.queries and not twice
    return right and points == options.queries * atlas.rows


def main() -> int:
    """Run one measurement."""
    from tests.standins.atlas import TOKEN, Atlas
    from tests.standins.serving import running

    options = parse()
    with (
        tempfile.TemporaryDirectory() as name,
        running(Atlas(queued_s=2.0, run_s=2.0, slow_post_s=0.3)) as atlas,
    ):
        folder = Path(name)
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "benchmarks.service_settings",
            "TOM_ENV_FILE": os.devnull,
            "TOM_DATA_DIR": name,
            "SECRET_KEY": "only-for-measuring",
            "ATLAS_URL": f"{atlas.url}/forcedphot",
            "ATLAS_FORCED_PHOTOMETRY_API_KEY": TOKEN,
            "TOM_BACKGROUND": "dramatiq" if options.worker == "dramatiq" else "thread",
        }
        if options.worker == "dramatiq":
            os.environ.setdefault("REDIS_URL", "redis://127.0.0.1:6379/14")
            import redis

            redis.Redis.from_url(os.environ["REDIS_URL"]).flushdb()
        worker = Worker(options.worker, folder / "worker.log")
        try:
            is_right = run(options, atlas, worker)
        finally:
            worker.kill()
        if not is_right:
            print((folder / "worker.log").read_text()[-3000:])
    print("right" if is_right else "WRONG")
    return 0 if is_right else 1


if __name__ == "__main__":
    sys.exit(main())
