"""Filters, and alerts for them, made for tests."""

from django.contrib.auth.models import Group, Permission, User

from tom_alerts.filter_models import AlertFilter
from tom_alerts.filter_rules import switch_on
from tom_alerts.filter_tests import run_test
from tom_alerts.models import FilterTest
from tom_dataservices.ingest import IngestOptions, ingest_batches
from tom_dataservices.tests.ingest.batches import alert, batch
from tom_targets.models import Target


def maker(name="pi", *groups):
    """Return a user who may make targets."""
    user = User.objects.create_user(name, email=f"{name}@example.org", password="x")
    names = ["add_target"]
    label = Target._meta.app_label
    user.user_permissions.add(*Permission.objects.filter(codename__in=names, content_type__app_label=label))
    user.groups.add(*groups)
    return User.objects.get(pk=user.pk)


def team(name="Supernovae"):
    return Group.objects.create(name=name)


def made_filter(user, expression="mag < 19", *, groups=(), on=True, **values):
    """Return a filter that was tried and switched on."""
    one = AlertFilter.objects.create(
        user=user, name=values.pop("name", "Bright"), expression=expression, **values
    )
    one.groups.set(groups)
    if on:
        run_test(FilterTest.objects.create(alert_filter=one, user=user, mark=one.mark()))
        assert switch_on(one)
    return one


def bright(*names, mjd=60000.0, mag=18.5, first_id=1, **facts):
    """Return a batch with one detection of each object."""
    objects = [
        alert(name, mjd=mjd, alert_id=str(first_id + number), **facts) for number, name in enumerate(names)
    ]
    rows = [
        {
            "mjd": mjd,
            "brightness": mag,
            "brightness_error": 0.1,
            "object_index": number,
            "survey_id": first_id + number,
        }
        for number in range(len(names))
    ]
    return batch(objects, rows)


def ingest(*batches, **options):
    return ingest_batches(list(batches), IngestOptions(**options))
