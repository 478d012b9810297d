"""One gunicorn sync worker on loopback, and a client that measures it."""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.databases import ROOT
from tests.standins.serving import free_port


class Server:
    """A running gunicorn."""

    def __init__(self, process: subprocess.Popen, port: int, cookie: str) -> None:
        self.process, self.port, self.cookie = process, port, cookie

    def get(self, path: str) -> bytes:
        """Fetch a page as a browser does, with a session, compressed, on a new connection."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        try:
            connection.request(
                "GET", path, headers={"Cookie": f"sessionid={self.cookie}", "Accept-Encoding": "gzip"}
            )
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status} {content[:300]!r}")
        return content

    @property
    def worker(self) -> Path:
        """The folder of the kernel's facts on the worker process."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return Path("/proc") / children[0]

    def memory_mb(self) -> float:
        """Resident memory of the worker, in MB."""
        lines = (self.worker / "status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) * 1024 / 1e6

    def cpu_s(self) -> float:
        """Processor time that the worker has used."""
        user, system = (self.worker / "stat").read_text().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def times_ms(self, path: str, rounds: int, *, warm: int = 3) -> tuple[list[float], str]:
        """Return the times of warm requests, and a note on the processor time of each."""
        for _ in range(warm):
            self.get(path)
        before, times = self.cpu_s(), []
        for _ in range(rounds):
            start = time.perf_counter()
            self.get(path)
            times.append(1000 * (time.perf_counter() - start))
        return times, f"processor time {1000 * (self.cpu_s() - before) / rounds:.0f} ms"

    def pages_per_second(self, path: str, seconds: float) -> tuple[float, str]:
        """Ask for a page again and again; return the rate, and a note on what the processor would allow."""
        before, start, pages = self.cpu_s(), time.perf_counter(), 0
        while (passed := time.perf_counter() - start) < seconds:
            self.get(path)
            pages += 1
        cpu = self.cpu_s() - before
        return pages / passed, f"{pages / cpu:.0f}/s of processor time" if cpu else ""


@contextmanager
def serve(
    environment: dict[str, str],
    cookie: str,
    *,
    python: str = sys.executable,
    application: str = "tom_project.wsgi",
    config: str = "",
    folder: Path = ROOT,
    log: Callable[[str], None] = print,
) -> Iterator[Server]:
    """Run gunicorn until the block ends: with one worker, or as a file of settings (`config`) says."""
    port = free_port()
    workers = ["-c", config] if config else ["--workers", "1", "--worker-class", "sync", "--timeout", "300"]
    process = subprocess.Popen(
        [
            *(python, "-m", "gunicorn", application, *workers),
            *("--bind", f"127.0.0.1:{port}", "--log-level", "error"),
        ],
        env=environment,
        cwd=folder,
    )
    try:
        for _ in range(600):
            time.sleep(0.1)
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
        else:
            raise RuntimeError("the server does not come up")
        yield Server(process, port, cookie)
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            log("gunicorn did not end within 30 s and is killed")
            process.kill()
            process.wait(30)
