"""A stored target is completed from catalogues, a new one made of them; each value keeps whose it is."""

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from tom_catalogs.completion import current_sources
from tom_catalogs.differences import difference
from tom_catalogs.models import CatalogueLookup, ValueSource
from tom_common.grants import grant_access
from tom_common.history.models import ChangeSet
from tom_common.history.revert import revert
from tom_common.models import Job
from tom_dataservices.models import QueryRun
from tom_targets.models import Target
from tom_targets.tests.factories import SiderealTargetFactory


@pytest.fixture
def andromeda(user):
    made = SiderealTargetFactory(
        name="m31", ra=10.6847, dec=41.269, epoch=None, pm_ra=None, pm_dec=None, parallax=None
    )
    grant_access(user, made)
    return made


@pytest.fixture
def looked_up(standin, andromeda, client):
    """Give the page on which the catalogues say what they know of the target."""
    return client.post(reverse("tom_catalogs:target-lookup", args=[andromeda.pk]), {"term": ""}, follow=True)


def runs_of(page):
    return {answer.title: str(answer.run.pk) for answer in page.context["comparison"].answers}


def send(client, page, action, **chosen):
    lookup = page.context["lookup"]
    return client.post(reverse("tom_catalogs:make-target", args=[lookup.pk]), {"action": action, **chosen})


def test_differences_to_what_is_stored_stand_beside_each_value(looked_up, andromeda):
    rows = {row.key: row for row in looked_up.context["rows"]}
    assert rows["dec"].stored == 41.269
    told = {cell.value: cell.difference for cell in rows["dec"].cells if cell.value is not None}
    assert told[41.26906] == "+0.22″"
    assert "name" not in rows
    assert "type" not in rows
    text = looked_up.content.decode()
    assert "+0.22″" in text
    assert "Complete" in text


def test_catalogues_are_asked_for_the_place_of_a_target(standin, user, client):
    target = SiderealTargetFactory(name="Nameless", ra=88.79294, dec=7.40706)
    grant_access(user, target)
    asked = {"term": "Nameless", "place": "1"}
    page = client.post(reverse("tom_catalogs:target-lookup", args=[target.pk]), asked, follow=True)
    assert page.context["lookup"].term == "88.7929400 +7.4070600"
    (known,) = page.context["known"]
    assert (known.title, known.values["name"]) == ("Simbad", "* alf Ori")
    section = client.get(f"{reverse('targets:detail', args=[target.pk])}?tab=catalogue-values")
    assert section.status_code == 200


def test_chosen_fields_are_taken_and_their_sources_kept(looked_up, andromeda, user, client):
    runs = runs_of(looked_up)
    send(
        client,
        looked_up,
        "complete",
        **{"use-position": runs["Sesame"], "extra-redshift": runs["NED"], "names": ["NGC 224"]},
    )
    found = Target.objects.get(pk=andromeda.pk)
    assert (found.ra, found.dec, found.epoch) == (10.6847083, 41.26875, 2000.0)  # of one catalogue
    assert found.tags["redshift"] == "-0.001001"
    assert [alias.name for alias in found.aliases.all()] == ["NGC 224"]
    sources = {row.field: (row.source, row.user) for row in current_sources(found)}
    assert sources == {
        "ra": ("Sesame", user),
        "dec": ("Sesame", user),
        "epoch": ("Sesame", user),
        "extra-redshift": ("NED", user),
        "alias-NGC 224": ("Sesame", user),
    }
    page = client.get(f"{reverse('targets:detail', args=[found.pk])}?tab=catalogue-values").content.decode()
    assert "From catalogues" in page


def test_it_is_one_change_that_is_undone_with_its_hints(looked_up, andromeda, user, client):
    runs = runs_of(looked_up)
    send(
        client,
        looked_up,
        "complete",
        **{"use-position": runs["NED"], "extra-redshift": runs["NED"], "names": ["NGC 224"]},
    )
    change = ChangeSet.objects.get(kind="catalogue")
    revert(change, user)
    found = Target.objects.get(pk=andromeda.pk)
    assert (found.dec, found.tags, found.aliases.count()) == (41.269, {}, 0)
    assert current_sources(found) == []


def test_a_value_edited_since_has_no_hint(looked_up, andromeda, client):
    send(client, looked_up, "complete", **{"use-position": runs_of(looked_up)["NED"]})
    found = Target.objects.get(pk=andromeda.pk)
    assert [row.field for row in current_sources(found)] == ["dec", "epoch", "ra"]
    found.ra, found.dec, found.epoch = 10.0, 40.0, 2016.0
    found.save()
    assert current_sources(Target.objects.get(pk=andromeda.pk)) == []


def test_a_page_that_asks_back_goes_on_looking_for_answers_at_its_own_address(looked_up, andromeda, client):
    SiderealTargetFactory(name="Neighbour", ra=10.68479, dec=41.26906, permissions="PUBLIC")
    runs = runs_of(looked_up)
    late = QueryRun.objects.get(pk=runs["Simbad"])
    QueryRun.objects.filter(pk=late.pk).update(finished=None)
    Job.objects.filter(pk=late.job_id).update(state="running")
    chosen = {"use-position": runs["NED"]}
    page = send(client, looked_up, "complete", **chosen).content.decode()
    assert "Nothing was stored." in page
    assert f'hx-get="{looked_up.context["lookup"].get_absolute_url()}?have=' in page


def test_another_target_there_is_told_before_anything_is_stored(looked_up, andromeda, client):
    SiderealTargetFactory(name="Neighbour", ra=10.68479, dec=41.26906, permissions="PUBLIC")
    runs = runs_of(looked_up)
    chosen = {"use-position": runs["NED"]}
    answer = send(client, looked_up, "complete", **chosen)
    assert answer.status_code == 200
    assert "Neighbour" in answer.content.decode()
    checked = [
        cell.first for row in answer.context["rows"] if row.key == "ra" for cell in row.cells if cell.run
    ]
    assert any(checked)  # what was chosen stays chosen
    assert Target.objects.get(pk=andromeda.pk).dec == 41.269
    send(client, looked_up, "complete", anyway="1", **chosen)
    assert Target.objects.get(pk=andromeda.pk).dec == 41.26906


def test_a_target_is_made_of_chosen_fields_with_their_sources(standin, user, client):
    page = client.post(reverse("tom_catalogs:query"), {"term": "m31", "service": ""}, follow=True)
    runs = runs_of(page)
    chosen = {
        "use-name": runs["NED"],
        "use-position": runs["Sesame"],
        "names": ["NGC 224", "made up"],
    }
    answer = send(client, page, "create", **chosen)
    made = Target.objects.get()
    assert answer.url == made.get_absolute_url()
    assert (made.name, made.ra, made.dec) == ("MESSIER 031", 10.6847083, 41.26875)
    assert [alias.name for alias in made.aliases.all()] == ["NGC 224"]  # no catalogue told the other
    assert {row.field: row.source for row in current_sources(made)}["ra"] == "Sesame"
    again = send(client, page, "create", **chosen)
    assert "MESSIER 031" in again.content.decode()
    assert Target.objects.count() == 1


@pytest.mark.parametrize("right", ["nothing", "view"])
def test_only_who_may_change_a_target_completes_it(standin, andromeda, client, right):
    other = User.objects.create_user("other")
    if right == "view":
        grant_access(other, andromeda, ["view_target"])
    client.force_login(other)
    answer = client.post(reverse("tom_catalogs:target-lookup", args=[andromeda.pk]), {"term": "m31"})
    assert answer.status_code == (403 if right == "view" else 404)
    assert not CatalogueLookup.objects.exists()


def test_a_right_that_is_gone_is_asked_for_again(looked_up, andromeda, user, client):
    from tom_common.grants import revoke_access

    revoke_access(user, andromeda, ["change_target"])
    answer = send(client, looked_up, "complete", **{"use-position": runs_of(looked_up)["NED"]})
    assert answer.status_code == 403
    assert not ValueSource.objects.exists()


@pytest.mark.parametrize(
    ("key", "stored", "value", "expected"),
    [
        ("dec", 10.0, 10.001, "+3.60″"),
        ("ra", 359.9999, 0.0001, "+0.36″"),
        ("distance", 100.0, 90.0, "-10"),
        ("mean_anomaly", 6.0, 352.0, "-14"),
        ("name", "A", "B", "differs"),
        ("redshift", "0.5", 0.5, ""),
        ("ra", None, 5.0, ""),
    ],
)
def test_differences(key, stored, value, expected):
    assert difference(key, stored, value, dec_deg=60.0) == expected
