import pytest
from django.contrib.messages import get_messages
from django.template import Context, Template
from django.urls import reverse

from tom_common.grants import grant_access
from tom_targets.models import Target
from tom_targets.tests.factories import SiderealTargetFactory, TargetExtraFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def pair(cast):
    made = [
        SiderealTargetFactory(name="SN 2026A", permissions="PUBLIC", ra=10.0, dec=-5.0),
        SiderealTargetFactory(name="ZTF26abc", permissions="PRIVATE", ra=10.0001, dec=-5.0),
    ]
    for number, target in enumerate(made):
        TargetExtraFactory(target=target, key="redshift", value=f"0.0{number + 1}")
        grant_access(cast.owner, target)
    return made


def page_of(pair):
    return reverse("targets:merge", args=[target.pk for target in pair])


def confirmed(pair, primary, **more):
    return {
        "confirmed": "1",
        "selected-target": [target.pk for target in pair],
        "primary": primary.pk,
        "reason": "the same object",
        **more,
    }


def test_the_page_shows_what_differs_and_what_moves(pair, cast, client_of):
    text = client_of(cast.owner).get(page_of(pair)).content.decode()
    assert "Merge 2 targets into one" in text
    for shown in (
        "SN 2026A",
        "ZTF26abc",
        "0.01",
        "0.02",
        "rights of users are there already",
        "Not everybody who sees",
    ):
        assert shown in text
    assert 'name="take:extra:redshift"' in text


def test_what_was_chosen_is_merged(pair, cast, client_of):
    first, second = pair
    choice = {"take:extra:redshift": second.pk, "take:permissions": first.pk}
    page = client_of(cast.owner).post(page_of(pair), confirmed(pair, first, **choice))
    assert page.url == first.get_absolute_url()
    stored = Target.objects.get()
    assert (stored.name, stored.permissions) == ("SN 2026A", "PUBLIC")
    assert stored.targetextra_set.get().value == "0.02"
    assert stored.aliases.get().name == "ZTF26abc"


def test_ticked_targets_are_previewed_first(pair, cast, client_of):
    data = {"selected-target": [target.pk for target in pair]}
    page = client_of(cast.owner).post(reverse("targets:merge-selected"), data)
    assert "Merge 2 targets into one" in page.content.decode()
    assert Target.objects.count() == 2


def test_one_target_is_not_enough(pair, cast, client_of):
    page = client_of(cast.owner).post(reverse("targets:merge-selected"), {"selected-target": [pair[0].pk]})
    assert page.status_code == 302
    assert "at least two" in str(list(get_messages(page.wsgi_request))[0])


def test_whoever_does_not_see_both_gets_404(pair, cast, client_of):
    assert client_of(cast.stranger).get(page_of(pair)).status_code == 404


def test_an_anonymous_visitor_logs_in_first(pair, cast, client_of):
    assert "login" in client_of(cast.anonymous).get(page_of(pair)).url


def test_whoever_may_only_look_merges_nothing(pair, cast, client_of):
    for target in pair:
        grant_access(cast.viewer, target, ["view_target"])
    page = client_of(cast.viewer).post(page_of(pair), confirmed(pair, pair[0]))
    assert page.status_code == 302
    assert Target.objects.count() == 2


def test_a_target_that_one_may_not_delete_has_to_stay(pair, cast, client_of):
    first, second = pair
    grant_access(cast.stranger, first, ["view_target", "change_target"])
    grant_access(cast.stranger, second)
    client = client_of(cast.stranger)
    refused = client.post(page_of(pair), confirmed(pair, second))
    assert "You may not delete SN 2026A" in refused.content.decode()
    assert Target.objects.count() == 2
    assert client.post(page_of(pair), confirmed(pair, first)).status_code == 302
    assert Target.objects.get() == first


def test_the_tag_of_plugins_shows_the_table(pair):
    template = Template("{% load targets_extras %}{% target_merge_fields one two %}")
    text = template.render(Context({"one": pair[0], "two": pair[1]}))
    assert "ZTF26abc" in text
    assert 'name="primary"' in text
