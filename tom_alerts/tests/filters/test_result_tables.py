"""Results of a query as a table that filters judge."""

import pytest

from tom_alerts.result_tables import ResultTable
from tom_alerts.screening import facts_of
from tom_dataservices.models import QueryResult


class CountedValues(dict):
    """Values of a result that count how often they are looked at."""

    looks = 0

    def get(self, key, default=None):
        CountedValues.looks += 1
        return super().get(key, default)


def results(count):
    values = {"mag": 18.5, "timestamp": "2026-01-01T00:00:00", "band": "r"}
    return [
        QueryResult(result_id=str(number), name=f"X{number}", ra=10.0, dec=20.0, values=CountedValues(values))
        for number in range(count)
    ]


@pytest.mark.parametrize("count", [10, 40])
def test_the_facts_of_all_rows_look_at_each_value_once(count):
    CountedValues.looks = 0
    table = ResultTable(results(count))
    facts = [(table.column("mjd")[row], facts_of(table, row)) for row in range(count)]
    mjd, told = facts[-1]
    assert (mjd, told["mag"], told["band"]) == (61041.0, 18.5, "r")
    assert CountedValues.looks <= 20 * count  # the 14 facts and the time, of each result


def test_a_column_is_made_once():
    table = ResultTable(results(3))
    assert table.column("object") == ["X0", "X1", "X2"]
    assert table.column("gal_lat") is table.column("gal_lat")
