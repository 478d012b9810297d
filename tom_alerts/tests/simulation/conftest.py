import datetime
import io

import fastavro
import pytest

from tom_alerts.simulation import SimulatedSurvey, simulate_survey

NIGHT = datetime.date(2026, 11, 20)


@pytest.fixture(scope="package")
def survey() -> SimulatedSurvey:
    return simulate_survey(NIGHT)


@pytest.fixture(scope="package")
def files(survey) -> dict[str, bytes]:
    return dict(survey.packets())


@pytest.fixture(scope="package")
def alerts(files) -> list[dict]:
    return [next(iter(fastavro.reader(io.BytesIO(content)))) for content in files.values()]
