"""Who sees the targets that filters make of alerts which were private when they came."""

import pytest

from tom_alerts import triage
from tom_alerts.filter_models import Candidate
from tom_alerts.tests.filters.making import bright, ingest, made_filter, maker, team
from tom_targets.models import Target
from tom_targets.permissions import targets_for_user

pytestmark = pytest.mark.django_db


def saved(one):
    """Save the only candidate of a filter, and return its target."""
    triage.decide(Candidate.objects.get(alert_filter=one), "saved", user=one.user)
    return Target.objects.get()


@pytest.mark.parametrize(
    ("of_alert", "of_filter", "of_target"),
    [
        ("PRIVATE", "PUBLIC", "PRIVATE"),
        ("PRIVATE", "OPEN", "PRIVATE"),
        ("PUBLIC", "OPEN", "PUBLIC"),
        ("OPEN", "PUBLIC", "PUBLIC"),
        ("PUBLIC", "PRIVATE", "PRIVATE"),
    ],
)
def test_the_target_of_an_alert_is_as_private_as_the_stricter_of_both(of_alert, of_filter, of_target):
    owner = maker("owner", team())
    one = made_filter(owner, permissions=of_filter)
    ingest(bright("ZTF26aaaaaaa"), user=owner, permissions=of_alert, only_known=True)
    assert saved(one).permissions == of_target


@pytest.mark.parametrize(
    ("of_filter", "seers"),
    [("PUBLIC", {"owner", "member", "both"}), ("PRIVATE", {"owner", "both"})],
)
def test_a_private_alert_is_seen_by_those_whom_both_mean(of_filter, seers):
    ours, some, others = team("Ours"), team("Some of us"), team("Others")
    owner = maker("owner", ours)
    people = [owner, maker("member", ours), maker("both", ours, some), maker("stranger", others)]
    one = made_filter(owner, groups=[ours], permissions=of_filter)
    one.target_groups.set([some, others])
    ingest(
        bright("ZTF26aaaaaaa"),
        user=owner,
        permissions="PRIVATE",
        group_ids=(ours.pk, some.pk),
        only_known=True,
    )
    saved(one)
    rows = Target.objects.all()
    assert {user.username for user in people if targets_for_user(user, rows, "view_target")} == seers
