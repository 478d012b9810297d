"""Classifications on the page of a target, in the API, through deletion and merging."""

import pytest
from django.urls import reverse

from tom_common.grants import grant_access
from tom_dataservices.classifications import keep_classifications
from tom_dataservices.models import ObjectClassification
from tom_targets.merge import merge_targets
from tom_targets.models import Target
from tom_targets.tests.factories import SiderealTargetFactory

SN = {"classifier": "lc_classifier", "version": "1.1", "class_name": "SNIa"}
ROWS = [{**SN, "probability": 0.6, "mjd_utc": 61300.0}, {**SN, "probability": 0.9, "mjd_utc": 61305.0}]


@pytest.fixture
def classified(db):
    target = SiderealTargetFactory(permissions="PUBLIC")
    keep_classifications(target, ROWS, service="ALeRCE")
    keep_classifications(target, [{"class_name": "SN candidate", "mjd_utc": 61306.0}], service="Fink ZTF")
    return target


def section_of(client, target):
    address = reverse("targets:section", args=[target.pk, "classifications"])
    return client.get(address, headers={"HX-Request": "true"})


def test_the_page_of_a_target_shows_brokers_side_by_side(classified, users, client):
    client.force_login(users["stranger"])
    page = section_of(client, classified).content.decode()
    assert page.index("Fink ZTF") < page.index("ALeRCE")
    assert "<strong>SNIa</strong> 0.90" in page
    assert "1 change" in page
    assert "Get its data" not in page  # who may not change it, may not fill it
    client.force_login(users["superuser"])
    assert "Get its data" in section_of(client, classified).content.decode()


def test_the_section_takes_few_queries(classified, users, client, django_assert_max_num_queries):
    client.force_login(users["stranger"])
    with django_assert_max_num_queries(12):
        section_of(client, classified)


@pytest.mark.parametrize("level", ["OPEN", "PUBLIC", "PRIVATE"])
@pytest.mark.parametrize("person", [None, "stranger", "owner", "superuser"])
def test_classifications_are_seen_by_those_who_see_the_target(users, client, level, person):
    target = SiderealTargetFactory(permissions=level)
    grant_access(users["owner"], target)
    keep_classifications(target, ROWS, service="ALeRCE")
    if person:
        client.force_login(users[person])
    sees = client.get(f"/api/targets/{target.pk}/").status_code == 200
    assert sees or level != "OPEN"
    rows = client.get("/api/classifications/", {"target": target.pk}).json()["results"]
    assert [row["probability"] for row in rows] == ([0.9, 0.6] if sees else [])
    key = ObjectClassification.objects.first().pk
    assert client.get(f"/api/classifications/{key}/").status_code == (200 if sees else 404)
    assert client.delete(f"/api/classifications/{key}/").status_code in (401, 403, 405)
    assert ObjectClassification.objects.count() == 2


def test_the_list_can_be_narrowed(classified, users, client):
    client.force_login(users["superuser"])

    def found(**parameters):
        return len(client.get("/api/classifications/", parameters).json()["results"])

    assert found(service="ALeRCE") == 2
    assert found(min_probability="0.8") == 1
    assert found(class_name="SN candidate", service="ALeRCE") == 0
    assert found(seen_after="2026-09-22T00:00:00Z") == 2


def test_a_deleted_target_comes_back_with_its_classifications(classified, users, client):
    client.force_login(users["superuser"])
    client.post(reverse("targets:delete", args=[classified.pk]))
    assert not Target.objects.filter(pk=classified.pk).exists()
    assert not ObjectClassification.objects.exists()


def test_merging_keeps_the_classifications_of_both_once(classified, users):
    other = SiderealTargetFactory(permissions="PUBLIC")
    keep_classifications(other, [*ROWS, {"class_name": "AGN", "mjd_utc": 61307.0}], service="ALeRCE")
    merge_targets(classified, [other], user=users["superuser"])
    assert ObjectClassification.objects.filter(target=classified).count() == 4
