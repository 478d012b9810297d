"""Pages of observation records: who sees them, what they show, and how files come to them."""

import pytest
from django.contrib.auth.models import Group, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.template import Context, Template
from django.urls import reverse
from django.utils import timezone

from tom_common.grants import grant_access
from tom_dataproducts.models import DataProduct
from tom_observations.models import ObservationGroup, ObservationRecord
from tom_targets.tests.factories import SiderealTargetFactory

pytestmark = pytest.mark.django_db
NESTED = {"exposure_s": 30, "filters": ["g", "r"], "windows": [{"start": "2026-11-21"}], "guided": True}


@pytest.fixture
def people():
    found = {name: User.objects.create_user(name) for name in ("owner", "member", "stranger")}
    found["group"] = Group.objects.create(name="supernovae")
    found["member"].groups.add(found["group"])
    return found


def record_of(people, level, **values):
    target = SiderealTargetFactory(name=f"AT {level} {values.get('observation_id', '1')}", permissions=level)
    grant_access(people["owner"], target)
    grant_access(people["group"], target, ["view_target"])
    usual = {"facility": "LCO", "observation_id": "1", "status": "PENDING", "parameters": NESTED}
    return ObservationRecord.objects.create(target=target, user=people["owner"], **{**usual, **values})


@pytest.mark.parametrize(
    ("who", "level", "is_seen"),
    [
        (None, "OPEN", True),
        (None, "PUBLIC", False),
        (None, "PRIVATE", False),
        ("stranger", "PUBLIC", True),
        ("stranger", "PRIVATE", False),
        ("member", "PRIVATE", True),
        ("owner", "PRIVATE", True),
    ],
)
def test_who_sees_the_target_sees_its_observations(client, people, who, level, is_seen):
    record = record_of(people, level)
    if who:
        client.force_login(people[who])
    page = client.get(record.get_absolute_url())
    assert page.status_code == (200 if is_seen else 404)
    assert (record in client.get(reverse("observations:list")).context["records"]) == is_seen
    section = reverse("targets:section", args=[record.target_id, "observations"])
    answer = client.get(section, headers={"HX-Request": "1"})
    assert (record.get_absolute_url() in answer.content.decode()) == is_seen


def test_the_page_shows_what_was_asked_also_from_text(client, people):
    client.force_login(people["owner"])
    wanted = {"exposure_s": "30", "filters": "g, r", "windows 1.start": "2026-11-21", "guided": "yes"}
    for parameters in (NESTED, '{"exposure_s": 30}'):
        record = record_of(people, "PRIVATE", parameters=parameters, observation_id=str(len(parameters)))
        found = dict(client.get(record.get_absolute_url()).context["parameters"])
        assert found == {name: wanted[name] for name in found} and "exposure_s" in found
    assert found == {"exposure_s": "30"}


def test_a_file_comes_to_an_observation_and_stands_on_its_page(client, people, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    record = record_of(people, "PRIVATE")
    client.force_login(people["owner"])
    assert (
        f'name="observation_record" value="{record.pk}"'
        in client.get(record.get_absolute_url()).content.decode()
    )
    file = SimpleUploadedFile("night.txt", b"seeing was fine\n")
    values = {"observation_record": record.pk, "files": file, "data_product_type": "", "referrer": ""}
    values["referrer"] = record.get_absolute_url()
    kinds = client.get(reverse("dataproducts:upload"), {"observation_record": record.pk}).context["form"]
    values["data_product_type"] = [key for key, _ in kinds.fields["data_product_type"].choices if key][-1]
    answer = client.post(reverse("dataproducts:upload"), values)
    product = DataProduct.objects.get()
    assert (answer.status_code, product.observation_record) == (302, record)
    for name, may_upload in (("owner", True), ("member", False)):
        client.force_login(people[name])
        page = client.get(record.get_absolute_url()).content.decode()
        assert product.get_file_name() in page
        assert ("data-tom-upload" in page) == may_upload


def test_who_may_not_see_an_observation_adds_no_file_to_it(client, people, settings):
    settings.TARGET_PERMISSIONS_ONLY = False
    record = record_of(people, "PRIVATE")
    client.force_login(people["owner"])
    answer = client.get(reverse("dataproducts:upload"), {"observation_record": record.pk})
    assert answer.status_code == 404
    grant_access(people["owner"], record, ["view_observationrecord"])
    answer = client.get(reverse("dataproducts:upload"), {"observation_record": record.pk})
    assert answer.status_code == 200


def test_the_list_is_narrowed_and_sorted_by_the_address(client, people):
    now = timezone.now()
    first = record_of(people, "OPEN", observation_id="1", scheduled_start=now, status="COMPLETED")
    second = record_of(people, "OPEN", observation_id="2", facility="SOAR")
    third = record_of(people, "OPEN", observation_id="3", facility="Gemini")
    group = ObservationGroup.objects.create(name="night")
    group.observation_records.add(first, third)

    def listed(query):
        return [
            found.pk for found in client.get(f"{reverse('observations:list')}?{query}").context["records"]
        ]

    assert listed("") == [third.pk, second.pk, first.pk]
    assert listed("ordering=facility") == [third.pk, first.pk, second.pk]
    assert listed("facility=SOAR&facility=Gemini") == listed("facility=SOAR,Gemini") == [third.pk, second.pk]
    assert listed(f"target_id={first.target_id}&target_id={second.target_id}") == [second.pk, first.pk]
    assert listed(f"observationgroup={group.pk}") == [third.pk, first.pk]
    assert listed("status=completed") == [first.pk]
    assert listed("observation_id=2") == [second.pk]
    assert listed(f"scheduled_start_after={now:%Y-%m-%dT%H:%M:%S}Z") == [first.pk]
    assert listed(f"scheduled_start_before={now:%Y}-01-01T00:00:00Z") == []
    assert listed("target_id=x") == []


def test_the_queries_of_the_list_do_not_grow_with_it(client, people, django_assert_max_num_queries):
    client.force_login(people["owner"])
    for number in range(12):
        record_of(people, "PRIVATE", observation_id=str(number))
    with django_assert_max_num_queries(9):
        assert len(client.get(reverse("observations:list")).context["records"]) == 12


def test_the_tag_lists_what_the_user_of_the_page_may_see(people, rf):
    record, other = record_of(people, "PRIVATE"), record_of(people, "OPEN", observation_id="2")
    for name, seen in (("owner", {record, other}), ("stranger", {other})):
        request = rf.get("/")
        request.user = people[name]
        for target, wanted in ((None, seen), (record.target, seen & {record})):
            context = Context({"request": request, "target": target})
            page = Template("{% load observation_extras %}{% observation_list target %}").render(context)
            for found in (record, other):
                assert (found.get_absolute_url() in page) == (found in wanted)
