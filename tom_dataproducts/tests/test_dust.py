"""Dust from IRSA: the recorded answer is understood, faults are told, nobody asks twice."""

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from tests.shared_data import shared_data_dir
from tests.standins.irsa_dust import PATH, dust_service
from tom_common.models import Job
from tom_dataproducts import dust
from tom_dataproducts.models import GalacticDust
from tom_dataproducts.tests.people import ADMITTED, as_user, shared_target
from tom_targets.tests.factories import NonSiderealTargetFactory, SiderealTargetFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def irsa(settings):
    body = (shared_data_dir() / "data/services/irsa/dustm31.xml").read_bytes()
    with dust_service(body) as service:
        settings.TOM_DUST_SERVICE_URL = service.address
        yield service


@pytest.fixture
def m31():
    return SiderealTargetFactory(name="M31", ra=10.68479, dec=41.26906, permissions="OPEN")


def test_the_value_of_the_pixel_is_kept_and_offered_to_the_light_curve(client, irsa, m31):
    client.force_login(User.objects.create_superuser("pi"))
    url = reverse("dataproducts:dust", args=[m31.pk])
    answer = client.post(url, headers={"Accept": "application/json"})
    assert answer.status_code == 202
    kept = GalacticDust.objects.get(target=m31)
    assert (kept.ebv_sf11_mag, kept.ebv_sfd_mag, kept.error) == (0.5971, 0.6943, "")
    path, asked = irsa.asked[0]
    assert path == "/cgi-bin/DUST/nph-dust"
    assert asked == {"locstr": "10.684790 +41.269060 equ j2000", "regSize": "2"}
    about = client.get(reverse("dataproducts:photometry-about", args=[m31.pk])).json()
    assert about["excesses"][0]["value"] == 0.5971
    assert "IRSA" in about["excesses"][0]["words"]
    assert about["dust"]["is_running"] is False


def test_a_target_that_was_moved_does_not_keep_the_dust_of_the_old_place(client, irsa, m31):
    dust.fetch(m31.pk)
    m31.ra = 80.0
    m31.save()
    assert client.get(reverse("dataproducts:photometry-about", args=[m31.pk])).json()["excesses"] == []


def test_what_the_service_refuses_is_told_and_not_tried_again(irsa, m31):
    irsa.body = (shared_data_dir() / "data/services/irsa/dust-error.xml").read_bytes()
    kept = dust.request_dust(m31, user=User.objects.create_user("owner"))
    kept.refresh_from_db()
    assert "Invalid object name" in kept.error
    assert kept.ebv_sf11_mag is None
    job = Job.objects.get(pk=kept.job_id)
    assert (job.state, job.attempts) == (Job.State.FAILED, 1)
    assert len(irsa.asked) == 1


@pytest.mark.parametrize(
    "fault",
    [(200, b"<html>maintenance</html>", {}), (200, b'<results status="ok"></results>', {}), 404],
)
def test_an_answer_that_is_none_becomes_an_error_in_words(irsa, m31, fault):
    irsa.faults["GET", PATH] = [fault]
    kept = dust.request_dust(m31, user=User.objects.create_user("owner"))
    kept.refresh_from_db()
    assert kept.error.startswith("IRSA's dust service")
    assert kept.ebv_sf11_mag is None


def test_a_service_that_is_back_after_a_fault_is_asked_again(irsa, m31, monkeypatch):
    monkeypatch.setattr("tom_common.remote.service.FIRST_PAUSE_S", 0.01)
    irsa.faults["GET", PATH] = [500]
    assert dust.fetch(m31.pk).ebv_sf11_mag == 0.5971
    assert len(irsa.asked) == 2


def test_who_asks_while_a_request_runs_joins_it(irsa, m31, settings):
    settings.TOM_BACKGROUND = "thread"
    user = User.objects.create_user("owner")
    first = dust.request_dust(m31, user=user)
    assert dust.request_dust(m31, user=user).job_id == first.job_id
    assert Job.objects.filter(task__endswith="fetch_dust").count() == 1


def test_a_moving_target_is_refused_in_words(client):
    client.force_login(User.objects.create_superuser("pi"))
    url = reverse("dataproducts:dust", args=[NonSiderealTargetFactory().pk])
    answer = client.post(url, headers={"Accept": "application/json"})
    assert answer.status_code == 400
    assert "no" in answer.json()["error"]


@pytest.mark.parametrize("permissions", ["OPEN", "PRIVATE"])
def test_only_who_may_change_the_target_has_dust_fetched(client, people, irsa, permissions):
    target = shared_target(people, permissions)
    for name, user in people[0].items():
        irsa.requests.clear()
        status = as_user(client, user).post(reverse("dataproducts:dust", args=[target.pk])).status_code
        if name in ("owner", "staff"):
            expected = (302, 1)
        elif name == "anonymous":
            expected = (302, 0)  # to the login page
        else:
            expected = (403 if name in ADMITTED[permissions] else 404, 0)
        assert (status, len(irsa.asked)) == expected, name
        GalacticDust.objects.all().delete()
