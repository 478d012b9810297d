"""The demo is simulated alerts through the ordinary ingest, and goes away without a trace."""

import datetime
from io import StringIO

import pytest
from django.apps import apps
from django.contrib.auth.models import AnonymousUser, User
from django.core.files.storage import default_storage
from django.core.management import call_command

from tom_alerts import demo
from tom_alerts.models import DemoRow
from tom_common.history.models import ChangeSet
from tom_dataproducts.models import (
    AstrometryReducedDatum,
    DataProduct,
    PhotometryReducedDatum,
    SpectroscopyReducedDatum,
)
from tom_targets.models import Target, TargetExtra, TargetList
from tom_targets.permissions import targets_for_user

pytestmark = pytest.mark.django_db
NIGHT = datetime.date(2026, 11, 20)


def load(**options):
    return demo.load_demo(NIGHT, objects=40, **options)


def row_counts():
    models = [
        model
        for model in apps.get_models()
        if model._meta.app_label.startswith(("tom_", "guardian")) or model in (User,)
    ]
    return {model._meta.label: model._default_manager.count() for model in models}


def test_it_makes_simulated_targets_with_light_curves_and_cutouts():
    report = load()
    assert report.new_targets == Target.objects.count() == 40
    assert report.rejected == 0
    assert TargetExtra.objects.filter(key="simulated", bool_value=True).count() == 40
    assert TargetExtra.objects.filter(key="classification").count() == 40
    assert set(PhotometryReducedDatum.objects.values_list("source_name", flat=True)) == {"ZTF (simulated)"}
    assert DataProduct.objects.count() == 3 * 40
    assert TargetList.objects.get().name == "Demo survey (simulated)"


def test_supernovae_have_spectra_that_are_marked_as_simulated():
    load()
    spectra = list(SpectroscopyReducedDatum.objects.all())
    assert len(spectra) >= 5
    assert {spectrum.source_name for spectrum in spectra} == {"Follow-up (simulated)"}
    assert all("(simulated)" in spectrum.telescope for spectrum in spectra)
    with_redshift = TargetExtra.objects.filter(key="redshift").values_list("target_id", flat=True)
    assert {spectrum.target_id for spectrum in spectra} == set(with_redshift)
    load()
    assert SpectroscopyReducedDatum.objects.count() == len(spectra)


def test_asteroids_are_non_sidereal_with_elements_and_positions():
    load()
    asteroid = Target.objects.filter(type=Target.NON_SIDEREAL).first()
    assert asteroid is not None
    assert asteroid.scheme == "MPC_MINOR_PLANET"
    assert asteroid.semimajor_axis > 1.0
    assert (asteroid.ra, asteroid.dec) == (None, None)
    assert AstrometryReducedDatum.objects.filter(target=asteroid).exists()


def test_who_sees_its_targets_follows_the_shares_of_the_issue():
    load()
    seen = {
        name: targets_for_user(user, Target.objects.all(), "view_target").count()
        for name, user in [("anonymous", AnonymousUser())]
        + [(user.username, user) for user in User.objects.filter(username__in=["pi", "observer", "stranger"])]
    }
    assert seen == {"anonymous": 28, "stranger": 34, "observer": 40, "pi": 40}
    assert not targets_for_user(User.objects.get(username="observer"), Target.objects.all(), "change_target")
    assert (
        targets_for_user(User.objects.get(username="pi"), Target.objects.all(), "change_target").count() == 40
    )


def test_a_second_run_changes_nothing_and_keeps_what_users_did():
    load()
    target = Target.objects.order_by("name").first()
    Target.objects.filter(pk=target.pk).update(permissions="PRIVATE")
    before = row_counts()
    report = load()
    assert (report.new_targets, report.new_data) == (0, 0)
    assert row_counts() == before
    target.refresh_from_db()
    assert target.permissions == "PRIVATE"


def test_a_run_that_was_cut_off_is_completed(monkeypatch):
    def stop(report):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load(on_progress=stop)
    assert set(Target.objects.values_list("permissions", flat=True)) == {"PRIVATE"}
    load()
    assert Target.objects.filter(permissions="OPEN").count() == 28


@pytest.mark.django_db(transaction=True)
def test_removing_takes_every_row_and_file_away():
    before = row_counts()
    load()
    files = list(DataProduct.objects.values_list("data", flat=True))
    removal = demo.remove_demo()
    assert (removal.targets, removal.others, removal.kept) == (40, 5, [])
    after = row_counts()
    assert after == before
    assert not ChangeSet.objects.exists()
    assert not any(default_storage.exists(name) for name in files)
    assert not any(default_storage.exists(name.partition("/")[0]) for name in files)


def test_removing_keeps_what_is_not_its_own():
    own = Target.objects.create(name="mine", type="SIDEREAL", ra=1.0, dec=2.0)
    load()
    followed = Target.objects.filter(type="SIDEREAL").exclude(pk=own.pk).order_by("name").first()
    PhotometryReducedDatum.objects.create(
        target=followed,
        timestamp=datetime.datetime(2026, 11, 21, tzinfo=datetime.UTC),
        bandpass="V",
        brightness=17.5,
        source_name="my telescope",
    )
    removal = demo.remove_demo()
    assert removal.kept == [followed.name]
    assert set(Target.objects.values_list("name", flat=True)) == {"mine", followed.name}
    assert followed.photometryreduceddatum_set.count() > 1
    assert not DemoRow.objects.exists()


def test_accounts_of_the_same_name_are_left_alone():
    mine = User.objects.create_user("pi", password="secret")  # noqa: S106
    load()
    demo.remove_demo()
    mine.refresh_from_db()
    assert mine.check_password("secret")
    assert not mine.user_permissions.exists()


def test_nobody_logs_in_with_a_known_password_where_others_reach_the_tom(settings):
    settings.ALLOWED_HOSTS = ["tom.example.org"]
    demo.make_accounts()
    assert not User.objects.get(username="pi").has_usable_password()
    settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
    User.objects.filter(username="pi").delete()
    demo.make_accounts()
    assert User.objects.get(username="pi").check_password("pi-demo")


def test_the_command_loads_and_removes():
    out = StringIO()
    call_command("demo", night=NIGHT, objects=5, stdout=out, verbosity=0)
    assert "5 new targets" in out.getvalue()
    call_command("demo", remove=True, stdout=out)
    assert "removed 5 targets with their data" in out.getvalue()


@pytest.mark.parametrize(
    ("now", "night"),
    [("2026-11-21T15:00", datetime.date(2026, 11, 21)), ("2026-11-21T13:00", datetime.date(2026, 11, 20))],
)
def test_last_night_is_one_that_is_over(now, night):
    assert demo.last_night(datetime.datetime.fromisoformat(now).replace(tzinfo=datetime.UTC)) == night
