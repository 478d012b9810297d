"""A file written by an export imports to the same targets; exports are streamed and safe for spreadsheets."""

import csv
import io
import tracemalloc
from pathlib import Path

import pytest
from astropy.table import Table
from django.contrib.auth.models import AnonymousUser, Group, User
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tom_common.grants import grant_access
from tom_common.spreadsheets import no_formula
from tom_targets.models import Target, TargetExtra, TargetList, TargetName
from tom_targets.tests.factories import NonSiderealTargetFactory, SiderealTargetFactory
from tom_targets.transfer.exporting import Export
from tom_targets.transfer.importing import import_file
from tom_targets.transfer.kept_files import sample_of
from tom_targets.transfer.mapping import propose
from tom_targets.transfer.options import ImportOptions
from tom_targets.transfer.reading import open_table
from tom_targets.transfer.writers import WRITERS

pytestmark = pytest.mark.django_db
FORMATS = ("csv", "ecsv", "votable", "fits", "json")
_FIELDS = [
    field.name
    for field in Target._meta.concrete_fields
    if field.name not in ("id", "created", "modified", "shared_by", "shared_from")
]


def written(kind, user, targets=None):
    export = Export(Target.objects.all() if targets is None else targets, user=user)
    return b"".join(WRITERS[kind][3](export))


def read_back(content, kind, user, folder, **options):
    path = Path(folder) / "input"
    path.write_bytes(content)
    name = f"targets.{WRITERS[kind][1]}"

    def opened():
        return open_table(path, name, scratch=Path(folder))

    mapping = propose(opened().columns, sample_of(opened()))
    return import_file(opened(), mapping, ImportOptions(radius_arcsec=0.0, **options), user=user)


def everything():
    """Return all that is stored, without keys."""
    return {
        target.name: (
            [getattr(target, name) for name in _FIELDS],
            sorted(target.aliases.values_list("name", flat=True)),
            dict(target.targetextra_set.values_list("key", "value")),
            sorted(target.targetlist_set.values_list("name", flat=True)),
        )
        for target in Target.objects.all()
    }


_text = (
    st.text(
        st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="\ufffe\uffff"),
        min_size=1,
        max_size=30,
    )
    .map(str.strip)
    .filter(lambda text: any(letter.isalnum() for letter in text))
)
_tricky = st.sampled_from(
    ["=1+1", "+cmd|' /C'!A0", "-x", "@SUM(A1)", "'=a", "a,b", 'say "hi"', "a;b", "#1", "[x]", "ηCar"]
)
_names = st.one_of(_text, _tricky)
_degrees = st.floats(0, 359.999999999, allow_subnormal=False)


@pytest.mark.parametrize("kind", FORMATS)
@settings(
    max_examples=6,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    rows=st.lists(
        st.tuples(
            _names,
            _degrees,
            st.floats(-90, 90),
            st.one_of(st.none(), st.floats(-1e6, 1e6)),
            st.lists(_names, max_size=2),
            st.dictionaries(_text.filter(lambda key: key != "class"), _names, max_size=2),
            st.lists(_names, max_size=2, unique=True),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_what_was_exported_comes_back_the_same(kind, rows, tmp_path):
    Target.objects.all().delete()
    TargetList.objects.all().delete()
    user = User.objects.get_or_create(username="pi", is_superuser=True)[0]
    _store(rows)
    before = everything()
    content = written(kind, user)
    assert read_back(content, kind, user, tmp_path, same_name="update").counts()["unchanged"] == len(before)
    assert everything() == before
    Target.objects.all().delete()
    TargetList.objects.all().delete()
    report = read_back(content, kind, user, tmp_path)
    assert (report.created, report.problems) == (len(before), [])
    assert everything() == before


def _store(rows):
    """Store targets of which no two names are alike, as the TOM would not let them be."""
    from tom_targets.derived import simplify_name
    from tom_targets.transfer.mapping import EXTRA, place_of

    seen = {""}
    for name, ra, dec, parallax, aliases, extras, lists in rows:
        name = name[:100]
        if simplify_name(name) in seen:
            continue
        seen.add(simplify_name(name))
        target = Target.objects.create(
            name=name, type="SIDEREAL", ra=ra, dec=dec, parallax=parallax, permissions="PUBLIC"
        )
        for alias in aliases:
            if simplify_name(alias) not in seen:
                seen.add(simplify_name(alias))
                TargetName.objects.create(target=target, name=alias)
        fields = {field.name for field in Target._meta.get_fields()}
        for key, value in extras.items():
            if key not in fields and place_of(key) == EXTRA + key:
                TargetExtra.objects.create(target=target, key=key, value=value)
        for one in lists:
            TargetList.objects.get_or_create(name=one)[0].targets.add(target)


@pytest.mark.parametrize("kind", FORMATS)
def test_keys_that_look_like_fields_and_moving_targets_come_back(kind, tmp_path):
    user = User.objects.create_user("pi", is_superuser=True)
    NonSiderealTargetFactory.create(name="Ceres")
    target = SiderealTargetFactory.create(name="A")
    for key in ("RA_deg", "Groups", "name2", "host: name", "z"):
        TargetExtra.objects.create(target=target, key=key, value="x y")
    before = everything()
    content = written(kind, user)
    Target.objects.all().delete()
    report = read_back(content, kind, user, tmp_path)
    assert report.problems == []
    assert everything() == before


def test_astropy_reads_what_we_write(tmp_path):
    user = User.objects.create_user("pi", is_superuser=True)
    target = SiderealTargetFactory.create(name="A", ra=10.5, dec=-5.25, parallax=None)
    SiderealTargetFactory.create(name="B", ra=11.5, dec=5.25, parallax=3.5)
    TargetExtra.objects.create(target=target, key="class", value="SN Ia & <b>")
    for kind, format in (
        ("csv", "ascii.csv"),
        ("ecsv", "ascii.ecsv"),
        ("votable", "votable"),
        ("fits", "fits"),
    ):
        path = tmp_path / f"t.{kind}"
        path.write_bytes(written(kind, user))
        table = Table.read(path, format=format)
        assert [str(name) for name in table["name"]] == ["A", "B"]
        assert table["ra"].tolist() == [10.5, 11.5]
        assert str(table["class"][0]) == "SN Ia & <b>"
        if kind != "csv":
            assert str(table["ra"].unit) == "deg"


def test_the_fits_file_is_valid(tmp_path):
    from astropy.io import fits

    SiderealTargetFactory.create_batch(3)
    path = tmp_path / "t.fits"
    path.write_bytes(written("fits", User.objects.create_user("pi", is_superuser=True)))
    with fits.open(path) as hdus:
        hdus.verify("exception")
        assert len(hdus[1].data) == 3
    assert path.stat().st_size % 2880 == 0


@pytest.mark.parametrize("text", ["=1+1", "+1+cmd|'x'!A", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "'=1"])
def test_no_cell_of_the_csv_is_a_formula(text):
    SiderealTargetFactory.create(name=text)
    TargetExtra.objects.create(target=Target.objects.get(), key=text, value=text)
    rows = list(
        csv.reader(io.StringIO(written("csv", User(is_superuser=True, is_active=True)).decode(), newline=""))
    )
    for cell in (cell for row in rows for cell in row):
        assert not cell.startswith(("=", "+", "@", "\t", "\r"))
        assert not cell.startswith("-") or float(cell) < 0
    assert no_formula("-5.2") == "-5.2"


def test_only_what_one_may_see_is_exported():
    owner, other = User.objects.create_user("owner"), User.objects.create_user("other")
    ours, theirs = Group.objects.create(name="ours"), Group.objects.create(name="theirs")
    owner.groups.add(ours)
    target = SiderealTargetFactory.create(name="A", permissions="PUBLIC")
    for group in (ours, theirs):
        grant_access(group, target)
    made = TargetList.objects.create(name="owner's list")
    made.targets.add(target)
    grant_access(owner, made)
    text = written("csv", owner).decode()
    assert "owner's list" in text
    assert "ours" in text
    assert "theirs" not in text
    for user in (other, AnonymousUser()):
        text = written("csv", user).decode()
        assert "list" not in text
        assert "ours" not in text


def test_a_group_that_may_only_look_is_not_told_since_an_import_would_give_it_more():
    user, group = User.objects.create_user("pi"), Group.objects.create(name="readers")
    user.groups.add(group)
    target = SiderealTargetFactory.create(permissions="PUBLIC")
    grant_access(group, target, ["view_target"])
    assert "readers" not in written("csv", user).decode()


def test_star_lists_hold_positions_and_leave_out_what_has_none():
    user = User.objects.create_user("pi", is_superuser=True)
    SiderealTargetFactory.create(
        name="NGC 224", ra=10.6847, dec=-1.2692, pm_ra=3.5, pm_dec=None, epoch=2016.0, parallax=None
    )
    NonSiderealTargetFactory.create(name="Ceres")
    assert written("starlist", user) == b"NGC_224                  00:42:44.328 -01:16:09.12 2000.0\n"
    assert written("keck", user) == b"NGC_224         00 42 44.33 -01 16 09.1 2000.0\n"
    assert written("iobserve", user) == b"NGC 224\t00:42:44.33\t-01:16:09.1\n"
    header, line = written("lco", user).decode().splitlines()
    assert header == "name,type,ra,dec,proper_motion_ra,proper_motion_dec,parallax,epoch"
    assert line == "NGC 224,ICRS,10.6847,-1.2692,3.5,0.0,0.0,2016.0"


@pytest.mark.parametrize("kind", [*FORMATS, "starlist"])
def test_memory_of_an_export_does_not_grow_with_its_length(kind):
    Target.objects.bulk_create(
        Target(name=f"T{number}", type="SIDEREAL", ra=number / 100, dec=1.0) for number in range(6_000)
    )
    user = User.objects.create_user("pi", is_superuser=True)

    def peak(targets):  # of more than one batch
        chunks = WRITERS[kind][3](Export(targets, user=user))
        tracemalloc.start()
        size = sum(len(chunk) for chunk in chunks)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert size > 30_000
        return most

    peak(Target.objects.filter(ra__lt=20))  # caches
    few, many = peak(Target.objects.filter(ra__lt=20)), peak(Target.objects.all())
    assert many < few * 1.3


def test_an_export_asks_a_fixed_number_of_statements_a_thousand_targets(django_assert_max_num_queries):
    user = User.objects.create_user("pi")
    for target in SiderealTargetFactory.create_batch(30, permissions="PUBLIC"):
        TargetName.objects.create(target=target, name=f"alias of {target.name}")
        TargetExtra.objects.create(target=target, key="class", value="SN")
    with django_assert_max_num_queries(14):
        written("csv", user)
