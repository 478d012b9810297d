"""A reader that is killed (SIGKILL) while it reads: what is stored in the end is what one unharmed stores."""

import pytest

from benchmarks.stream_reading import broker
from benchmarks.streams import compare_with_kills
from tests.services import needed

ALERTS, KILLS = 1200, 5
pytestmark = [pytest.mark.slow, pytest.mark.once]


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_kills_neither_lose_nor_double_alerts(kind):
    needed("Kafka")
    if kind == "postgresql":
        needed("PostgreSQL")
    with broker() as address:
        compared = compare_with_kills(kind, address, ALERTS, KILLS, BATCH_SIZE=20)
    assert compared.differing == []
    assert 1 <= compared.kills <= KILLS  # a quick machine has read all before the last of them
    # 1,200 alerts of 60 objects, 107 points each; every 97th message is poison.
    assert compared.counts == {
        "photometry": 60 * 107,
        "targets": 60,
        "facts": compared.counts["facts"],
        "dead letters": 12,
        "offsets": 1,
    }
    assert compared.counts["facts"] > 60
