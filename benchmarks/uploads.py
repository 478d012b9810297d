"""Upload of a FITS file of 2 GB through the REST API: memory of the web process, time, whole in the storage.

``python -m benchmarks.uploads [--databases sqlite,postgresql] [--quick]``. The file is sparse on the side
that sends it and whole on the side that stores it; it is sent twice, once to be stored and once to be known
again by its digest.
"""

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.databases import engine_versions, load_user, run_python, scratch
from benchmarks.report import Figure, options_of, print_heading, print_machine
from benchmarks.serving import Server, serve

SIZE, QUICK_SIZE = 2_000_000_000, 100_000_000
WANTED_MB = 300
_BLOCK = 2880


def inside() -> dict[str, Any]:
    """Make a target of the user, with session and token."""
    import django

    django.setup()
    from django.test import Client
    from rest_framework.authtoken.models import Token

    from tom_common.grants import grant_access
    from tom_targets.models import BaseTarget

    user = load_user()
    target = BaseTarget.objects.create(name="bench", type="SIDEREAL", ra=1.0, dec=1.0)
    grant_access(user, target)
    client = Client()
    client.force_login(user)
    token, _ = Token.objects.get_or_create(user=user)
    return {"cookie": client.cookies["sessionid"].value, "token": token.key, "target": target.pk}


def write_fits(path: Path, size: int) -> None:
    """Write an image of bytes, sparse but for its header."""
    width = 10_000
    height = (size - _BLOCK) // width
    cards = (
        "SIMPLE  =                    T",
        "BITPIX  =                    8",
        "NAXIS   =                    2",
    )
    cards += (f"NAXIS1  = {width:20d}", f"NAXIS2  = {height:20d}", "END")
    header = "".join(card.ljust(80) for card in cards).ljust(_BLOCK).encode()
    blocks = -(-width * height // _BLOCK)
    with path.open("wb") as file:
        file.write(header)
        file.truncate(_BLOCK + blocks * _BLOCK)


def greatest_mb(server: Server) -> float:
    """Return the greatest resident memory that the worker ever had, in units of 10^6 bytes."""
    lines = (server.worker / "status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024 / 1e6


def measure(kind: str, size: int) -> Iterator[Figure]:
    """Measure on one database."""
    from tom_client import TomClient

    with scratch(kind) as environment, tempfile.TemporaryDirectory(prefix="tom-bench-") as folder:
        facts = json.loads(run_python(environment, "-m", "benchmarks.uploads", "--inside").splitlines()[-1])
        path = Path(folder) / "image.fits"
        write_fits(path, size)
        with serve(environment, facts["cookie"]) as server:
            tom = TomClient(f"http://127.0.0.1:{server.port}", facts["token"], timeout_s=600)
            list(tom.targets())  # whatever the first request loads
            before_mb = server.memory_mb()
            for words, wanted in (("stored", False), ("known again", True)):
                start, used = time.perf_counter(), server.cpu_s()
                answer = tom.upload(facts["target"], path, "fits_file")
                seconds, processor = time.perf_counter() - start, server.cpu_s() - used
                if bool(answer.get("already_exists")) != wanted:
                    raise RuntimeError(f"unexpected answer: {answer}")
                name = f"upload of {size / 1e9:g} GB, {words}"
                note = f"{size / seconds / 1e6:.0f} MB/s, processor time {processor:.1f} s"
                yield Figure(name, [seconds], "s", database=kind, note=note)
            note = f"{before_mb:.0f} MB before"
            memory_mb = greatest_mb(server)
            yield Figure(
                "greatest memory of the worker", [memory_mb], "MB", WANTED_MB, database=kind, note=note
            )
            stored = [found.stat().st_size for found in Path(environment["TOM_DATA_DIR"]).rglob("*.fits")]
            if stored != [path.stat().st_size]:
                raise RuntimeError(f"not one whole file in the storage: {stored}")


def main() -> None:
    """Measure and print."""
    if sys.argv[1:2] == ["--inside"]:
        print(json.dumps(inside()))
        return
    options = options_of(__doc__)
    print_machine(engine_versions(options.databases))
    print_heading()
    for kind in options.databases:
        for figure in measure(kind, QUICK_SIZE if options.quick else SIZE):
            figure.show()


if __name__ == "__main__":
    main()
