"""What an import stores, changes and leaves alone, and that it is there whole or not at all."""

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tom_common.grants import grant_access
from tom_common.history.models import ChangeSet
from tom_targets.models import Target, TargetExtra, TargetList, TargetName
from tom_targets.permissions import may
from tom_targets.tests.factories import NonSiderealTargetFactory, SiderealTargetFactory
from tom_targets.transfer import importing
from tom_targets.transfer.importing import import_file
from tom_targets.transfer.input_files import FileError
from tom_targets.transfer.kept_files import sample_of
from tom_targets.transfer.mapping import propose
from tom_targets.transfer.options import ImportOptions
from tom_targets.transfer.reading import open_table

pytestmark = pytest.mark.django_db


@pytest.fixture
def user():
    made = User.objects.create_user("pi")
    made.user_permissions.add(Permission.objects.get(codename="add_target"))
    return made


@pytest.fixture
def run(tmp_path, user):
    def run_(text, *, by=user, dry_run=False, name="stars.csv", **options):
        path = tmp_path / "input"
        path.write_bytes(text.encode() if isinstance(text, str) else text)

        def opened():
            return open_table(path, name, scratch=tmp_path)

        mapping = propose(opened().columns, sample_of(opened()))
        return import_file(
            opened(), mapping, ImportOptions(**options), user=by, title=f"Import of {name}", dry_run=dry_run
        )

    return run_


def said(report):
    return [(problem.row, problem.kind, problem.reason) for problem in report.problems]


def test_everything_of_a_row_is_stored(run, user, settings):
    settings.EXTRA_FIELDS = [{"name": "priority", "type": "number", "default": 3}]
    group = Group.objects.create(name="SN group")
    user.groups.add(group)
    report = run(
        "name,ra,dec,epoch,pm_ra,name2,name3,redshift,target_lists,groups,permissions\n"
        'SN 2024abc,12:00:00,-5.5,J2016.0,3.5,ZTF24abc,Gaia24abc,0.1,"tonight, follow-up",SN group,PUBLIC\n'
    )
    assert report.counts() == dict(rows=1, created=1, updated=0, unchanged=0, skipped=0, rejected=0)
    target = Target.objects.get()
    assert (target.ra, target.dec, target.epoch, target.pm_ra) == (180.0, -5.5, 2016.0, 3.5)
    assert (target.type, target.permissions) == ("SIDEREAL", "PUBLIC")
    assert target.sky_index is not None
    assert target.name_key == "sn2024abc"
    assert target.names == ["SN 2024abc", "ZTF24abc", "Gaia24abc"]
    extra = TargetExtra.objects.get(key="redshift")
    assert (extra.value, extra.float_value) == ("0.1", 0.1)
    assert TargetExtra.objects.get(key="priority").value == "3"
    assert sorted(TargetList.objects.values_list("name", flat=True)) == ["follow-up", "tonight"]
    stranger = User.objects.create_user("member")
    stranger.groups.add(group)
    for holder in (user, stranger):
        assert all(may(holder, f"{action}_target", target) for action in ("view", "change", "delete"))


def test_a_dry_run_stores_nothing(run):
    report = run("name,ra,dec,target_lists\nA,1,2,new list\nB,x,2,\n", dry_run=True)
    assert (report.created, report.rejected) == (1, 1)
    assert not Target.objects.exists()
    assert not TargetList.objects.exists()


def test_all_or_nothing_stores_nothing_because_of_one_wrong_row(run):
    text = "name,ra,dec\nA,1,2\nB,x,2\n"
    report = run(text, mode="all_or_nothing")
    assert (report.created, report.nothing_stored, Target.objects.count()) == (0, True, 0)
    report = run(text, mode="good_rows")
    assert (report.created, report.rejected, Target.objects.count()) == (1, 1, 1)


def test_a_failure_in_the_middle_leaves_nothing(run, monkeypatch):
    def fail(*args, **kwargs):
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(importing, "put_on_lists", fail)
    with pytest.raises(RuntimeError):
        run("name,ra,dec,name2\nA,1,2,B\n")
    assert not Target.objects.exists()
    assert not TargetName.objects.exists()


def test_rows_without_what_their_type_needs_are_wrong(run):
    report = run(
        "name,type,ra,dec,scheme,epoch_of_elements,inclination,lng_asc_node,arg_of_perihelion,eccentricity,"
        "mean_anomaly,semimajor_axis\n"
        "A,,1,,,,,,,,,\n"
        "B,NON_SIDEREAL,,,,,,,,,,\n"
        "Ceres,,,,MPC_MINOR_PLANET,60000,10.6,80.3,73.6,0.08,100,2.77\n"
        "Pallas,,,,MPC_MINOR_PLANET,60000,34.8,173,310,0.23,,2.77\n"
        "C,PLANET,1,2,,,,,,,,\n"
    )
    assert Target.objects.get().type == "NON_SIDEREAL"
    told = said(report)
    assert (1, "rejected", "A sidereal target needs the field dec, which is empty.") in told
    assert (2, "rejected", "A non-sidereal target needs the field scheme, which is empty.") in told
    assert any(row == 4 and "mean_anomaly" in reason for row, _, reason in told)
    assert any(row == 5 and "PLANET is no" in reason for row, _, reason in told)


def test_the_same_name_is_found_whatever_its_case_and_separators_and_skipped(run):
    target = SiderealTargetFactory.create(name="SN 2024abc", ra=10.0, dec=20.0, permissions="PUBLIC")
    TargetName.objects.create(target=target, name="ZTF24xyz")
    report = run("name,ra,dec\nsn2024-ABC,10.0,20.001\nztf24XYZ,10,20\nnew,50,50\n")
    assert (report.created, report.skipped) == (1, 2)
    assert said(report)[0] == (1, "skipped", "It is there already: SN 2024abc, 3.60 arcsec away.")
    assert [(one.row, one.known_as, one.by_name) for one in report.duplicates] == [
        (1, "SN 2024abc", True),
        (2, "SN 2024abc", True),
    ]


def test_a_near_target_is_told_with_its_distance_and_skipped_updated_or_made(run, user):
    target = SiderealTargetFactory.create(name="old", ra=10.0, dec=89.9, permissions="PUBLIC")
    text = "name,ra,dec,redshift\nnew,10.05,89.9,0.5\n"
    report = run(text)
    (hit,) = report.duplicates
    assert (hit.known_as, hit.by_name, hit.action) == ("old", False, "skip")
    assert hit.distance_arcsec == pytest.approx(0.314, abs=0.001)
    assert run(text, near="update").rejected == 1  # not this user's target
    grant_access(user, target)
    assert run(text, near="update").updated == 1
    assert target.names == ["old", "new"]
    assert run(text.replace("new", "third"), near="create").created == 1
    assert Target.objects.count() == 2


def test_a_radius_of_zero_looks_at_names_only(run):
    SiderealTargetFactory.create(name="old", ra=10.0, dec=20.0, permissions="PUBLIC")
    assert run("name,ra,dec\nnew,10,20\n", radius_arcsec=0.0).created == 1


def test_a_single_row_can_be_decided_otherwise(run):
    SiderealTargetFactory.create(name="old", ra=10.0, dec=20.0, permissions="PUBLIC")
    text = "name,ra,dec\nnew,10,20\nother,10,20\n"
    report = run(text, decisions={2: "create"})
    assert (report.created, report.skipped) == (1, 1)
    assert Target.objects.filter(name="other").exists()


def test_rows_of_one_file_are_compared_with_one_another(run):
    report = run("name,ra,dec\nA,1,2\na,5,5\nB,1,2.0001\nC,8,8\n")
    assert said(report) == [
        (2, "rejected", "a is a name of row 1, too."),
        (3, "skipped", "It lies 0.36 arcsec from row 1 (A)."),
    ]
    assert report.created == 2


def test_a_private_target_of_others_is_not_revealed(run):
    SiderealTargetFactory.create(name="secret", ra=10.0, dec=20.0, permissions="PRIVATE")
    report = run("name,ra,dec\nnear it,10,20\nsecret,50,50\n", near="skip")
    assert report.created == 1
    assert said(report) == [(2, "rejected", "The name is taken by a target that you may not see.")]


def test_an_import_again_updates_instead_of_doubling_when_told_so(run):
    first = "name,ra,dec,name2,redshift,pm_ra\nA,1,2,A2,0.1,\nB,3,4,,0.2,5\n"
    run(first)
    assert run(first, same_name="update").counts() == dict(
        rows=2, created=0, updated=0, unchanged=2, skipped=0, rejected=0
    )
    report = run(
        "name,ra,dec,name2,redshift,pm_ra,target_lists\nA,1.5,2,A3,0.15,,kept\nB,3,4,,,,\nC,7,7,,,,\n",
        same_name="update",
    )
    assert (report.created, report.updated, report.unchanged) == (1, 1, 1)
    target = Target.objects.get(name="A")
    assert (target.ra, target.names, target.tags) == (1.5, ["A", "A2", "A3"], {"redshift": "0.15"})
    assert target.targetlist_set.get().name == "kept"
    other = Target.objects.get(name="B")
    assert (other.pm_ra, other.tags) == (5.0, {"redshift": "0.2"})
    assert other.sky_index is not None


def test_an_update_needs_the_right_to_change_that_target(run):
    SiderealTargetFactory.create(name="A", ra=1.0, dec=2.0, permissions="PUBLIC")
    report = run("name,ra,dec\nA,1.5,2\n", same_name="update")
    assert said(report) == [(1, "rejected", "It is the target A, which you may not change.")]
    assert Target.objects.get().ra == 1.0


def test_an_update_does_not_change_the_type_and_names_of_two_targets_are_refused(run, user):
    for factory, name in ((SiderealTargetFactory, "A"), (NonSiderealTargetFactory, "B")):
        grant_access(user, factory.create(name=name))
    report = run("name,type\nB,SIDEREAL\n", same_name="update")
    assert said(report) == [(1, "rejected", "The target that is there is NON_SIDEREAL.")]
    report = run("name,name2\nA,B\n", same_name="update")
    assert "several targets: A and B" in said(report)[0][2]


def test_a_group_that_is_not_ones_own_is_refused(run):
    Group.objects.create(name="others")
    report = run("name,ra,dec,groups\nA,1,2,others\n")
    assert "others" in said(report)[0][2]
    assert report.rejected == 1


def test_options_are_defaults_of_what_the_file_does_not_say(run, user):
    group = Group.objects.create(name="team")
    user.groups.add(group)
    run(
        "name,ra,dec,permissions\nA,1,2,\nB,3,4,OPEN\n",
        permissions="PUBLIC",
        group_ids=[group.pk],
        list_name="all of it",
    )
    assert dict(Target.objects.values_list("name", "permissions")) == {"A": "PUBLIC", "B": "OPEN"}
    assert TargetList.objects.get(name="all of it").targets.count() == 2
    member = User.objects.create_user("member")
    member.groups.add(group)
    assert may(member, "change_target", Target.objects.get(name="A"))


def test_an_import_is_one_change_set(run, user):
    grant_access(user, SiderealTargetFactory.create(name="A", ra=1.0, dec=2.0))
    before = ChangeSet.objects.count()
    report = run("name,ra,dec,name2,redshift\nA,1.5,2,,\nB,3,4,B2,0.1\nC,5,6,,\n", same_name="update")
    assert ChangeSet.objects.count() == before + 1
    made = ChangeSet.objects.get(pk=report.change_set_pk)
    assert (made.kind, made.title, made.author_id) == ("import", "Import of stars.csv", user.pk)


def test_too_many_rows_and_no_rows_are_told(run, settings):
    settings.TOM_IMPORT_MAX_ROWS = 2
    with pytest.raises(FileError, match="more than 2 rows"):
        run("name,ra,dec\nA,1,2\nB,3,4\nC,5,6\n")
    with pytest.raises(FileError, match="no rows"):
        run("name,ra,dec\n")
    assert not Target.objects.exists()


def test_the_hook_of_a_project_is_told_each_target(run, settings):
    settings.HOOKS = {"target_post_save": f"{__name__}.note"}
    noted.clear()
    run("name,ra,dec\nA,1,2\nB,3,4\n")
    run("name,ra,dec\nA,1.5,2\nB,3,4\n", same_name="update")
    assert noted == [("A", True), ("B", True), ("A", False)]


noted = []


def note(target, created):
    noted.append((target.name, created))


def test_statements_do_not_grow_with_the_rows(run):
    def statements(count, start):
        text = "name,ra,dec,name2,mag\n" + "".join(
            f"T{n},{n / 100},10,T{n}b,18\n" for n in range(start, start + count)
        )
        with CaptureQueriesContext(
            connection,
        ) as queries:
            run(text, radius_arcsec=0.0)
        return len(queries)

    few, many = statements(5, 0), statements(400, 1000)
    assert many <= few + 5  # 395 rows more


def test_names_taken_between_looking_and_writing_are_planned_again(run, monkeypatch):
    plan_rows, calls = importing.plan_rows, []

    def plan(rows, options, *, user):
        made = plan_rows(rows, options, user=user)
        if not calls:
            SiderealTargetFactory.create(name="B", ra=100.0, dec=50.0, permissions="PUBLIC")
        calls.append(made)
        return made

    monkeypatch.setattr(importing, "plan_rows", plan)
    report = run("name,ra,dec\nA,1,2\nB,3,4\nC,x,4\n")
    assert len(calls) == 2
    assert (report.created, report.skipped, report.rejected) == (1, 1, 1)
    assert Target.objects.filter(name="A").count() == 1


def test_a_project_with_receivers_of_its_own_gets_each_target_saved(run, user, monkeypatch):
    from tom_targets import bulk_creation

    monkeypatch.setattr(bulk_creation, "all_as_usual", lambda: False)
    group = Group.objects.create(name="team")
    user.groups.add(group)
    text = "name,ra,dec,name2,redshift,groups,target_lists\nA,1,2,A2,0.1,team,kept\nB,x,2,,,,\nC,7,8,,,,\n"
    report = run(text)
    assert (report.created, report.rejected) == (2, 1)
    target = Target.objects.get(name="A")
    assert (target.names, target.tags) == (["A", "A2"], {"redshift": "0.1"})
    assert target.targetlist_set.get().name == "kept"
    assert may(user, "change_target", target)
    assert run(text.replace("A,1,", "A,1.5,"), same_name="update").updated == 1
    assert Target.objects.get(name="A").ra == 1.5


def test_what_only_the_serializer_refuses_leaves_nothing_of_all_or_nothing(run, monkeypatch):
    from tom_targets import bulk_creation

    def refuse_one(rows, *, context, mode):
        return bulk_creation.BulkResult(created={}, errors={0: {"name": ["Not this one."]}})

    monkeypatch.setattr(bulk_creation, "all_as_usual", lambda: False)
    monkeypatch.setattr(bulk_creation, "create_targets", refuse_one)
    report = run("name,ra,dec\nA,1,2\n", mode="all_or_nothing")
    assert (report.nothing_stored, report.created, said(report)) == (
        True,
        0,
        [(1, "rejected", "Not this one.")],
    )
