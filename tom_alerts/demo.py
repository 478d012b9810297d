"""The demo: a simulated survey fed through the same ingest as anybody's alerts, and taken away again exactly.

A ledger (``DemoRow``) holds the keys of what the demo made; nothing else is ever touched.
"""

from __future__ import annotations

import datetime
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.core.files.storage import default_storage
from django.db import models, transaction

from tom_alerts.demo_spectra import store_spectra
from tom_alerts.models import DemoRow
from tom_alerts.simulation.survey import SimulatedSurvey, simulate_survey
from tom_common.grants import grant_access, grant_many
from tom_common.history import change_set, unrecorded
from tom_common.history.services import forget
from tom_dataproducts.models import DataProduct
from tom_dataservices.ingest import IngestOptions, IngestReport, ingest_batches
from tom_dataservices.packets import read_alert_batches
from tom_dataservices.packets.batch import AlertBatch
from tom_targets.base_models import BaseTarget
from tom_targets.models import Target, TargetList

GROUP_NAME = "Demo observers"
LIST_NAME = "Demo survey (simulated)"
SIMULATED = "(simulated)"
_LOCAL_HOSTS = {"localhost", "127.0.0.1", "[::1]", "::1", "testserver", ".localhost"}
_CHUNK = 500
# Of twenty targets in the order of their names these are not open to everybody: 3 PUBLIC, 3 PRIVATE.
_PUBLIC_PLACES = (3, 10, 17)
_PRIVATE_PLACES = (6, 13, 19)


@dataclass(frozen=True)
class DemoAccount:
    """An account that the demo makes."""

    username: str
    password: str
    last_name: str
    description: str
    groups: tuple[str, ...] = ()
    edits: bool = False


DEMO_ACCOUNTS = (
    DemoAccount(
        "pi", "pi-demo", "PI", "PI: sees all demo targets and may edit them", (GROUP_NAME,), edits=True
    ),
    DemoAccount(
        "observer", "observer-demo", "Observer", "sees the private targets of one group", (GROUP_NAME,)
    ),
    DemoAccount("stranger", "stranger-demo", "Stranger", "sees what every logged-in user sees"),
)


@dataclass(frozen=True)
class Removal:
    """What ``remove_demo`` took away, and the targets it kept since others hung something on them."""

    targets: int
    others: int
    kept: list[str]


def load_demo(
    night: datetime.date,
    *,
    objects: int = 300,
    seed: int = 26,
    on_progress: Callable[[IngestReport], None] | None = None,
) -> IngestReport:
    """Simulate a survey and ingest its packets; what is there already stays as it is.

    Parameters
    ----------
    night : date
        Last night of the survey, the UT date at Palomar.
    objects : int
        How many transients and variables.
    seed : int
        Seed of the random numbers: the same night, seed and number give the same bytes.
    """
    with unrecorded():
        make_accounts()
    survey = simulate_survey(night, seed=seed, objects=objects)
    names = [item.name for item in survey.objects]
    stored_before = set(_pks(names))
    with tempfile.TemporaryDirectory(prefix="demo-") as folder:
        archive = Path(folder) / f"simulated_{night:%Y%m%d}.tar"
        survey.write_archive(archive)
        batches = told_by_broker(read_alert_batches([archive]), survey)
        options = IngestOptions(permissions="PRIVATE", simulated=True)
        title = "Demo: simulated alerts"
        report = ingest_batches(batches, options, on_progress=on_progress, title=title)
    with change_set(None, kind="access", title="Demo: who sees the simulated targets"):
        made = _enter_targets(names, stored_before)
    with unrecorded():
        store_spectra(survey, made)
    return report


def told_by_broker(batches: Iterable[AlertBatch], survey: SimulatedSurvey) -> Iterator[AlertBatch]:
    """Add to alerts what a broker adds: class and probability, and for asteroids designation and elements."""
    moving = {item.name: item for item in survey.objects if item.elements}
    for batch in batches:
        told = []
        for alert in batch.objects:
            verdict = survey.classifications[alert.name]
            alert.extras = {
                **alert.extras,
                "classification": verdict.class_name,
                "classification_probability": verdict.probability,
                "classification_source": verdict.broker,
            }
            if facts := moving.get(alert.name):
                aliases = (*alert.aliases, f"{facts.designation} {SIMULATED}")
                alert = replace(alert, is_sidereal=False, orbit=dict(facts.elements or {}), aliases=aliases)
            told.append(alert)
        batch.objects = told
        yield batch


def make_accounts() -> None:
    """Make the demo's group, list and accounts where no rows of these names are.

    The passwords are known to everybody: where the TOM answers to names that others can reach, the accounts
    get none and nobody can log in with them.
    """
    with transaction.atomic():
        group, made = Group.objects.get_or_create(name=GROUP_NAME)
        if made:
            enter(group)
        if not TargetList.objects.filter(name=LIST_NAME).exists():
            target_list = TargetList.objects.create(name=LIST_NAME)
            grant_access(group, target_list, ["view_targetlist", "change_targetlist"])
            enter(target_list)
        for account in DEMO_ACCOUNTS:
            _make_account(account)


def _make_account(account: DemoAccount) -> None:
    users = get_user_model()._default_manager
    if users.filter(username=account.username).exists():
        return
    password = account.password if passwords_are_safe() else None
    user = users.create_user(
        account.username, password=password, first_name="Demo", last_name=account.last_name
    )
    user.groups.add(*Group.objects.filter(name__in=account.groups))
    if account.edits:
        names = ["view_target", "add_target", "change_target", "delete_target"]
        label = Target._meta.app_label
        user.user_permissions.add(
            *Permission.objects.filter(codename__in=names, content_type__app_label=label)
        )
    enter(user)


def passwords_are_safe() -> bool:
    """Tell whether only this machine reaches the TOM, so that known passwords do no harm."""
    return set(settings.ALLOWED_HOSTS) <= _LOCAL_HOSTS


def enter(row: models.Model) -> None:
    """Note in the ledger that the demo made a row."""
    DemoRow.objects.get_or_create(content_type=ContentType.objects.get_for_model(type(row)), object_pk=row.pk)


def visibility_of(place: int) -> str:
    """Return who sees the target at a place among the demo's: 70 % OPEN, 15 % PUBLIC, 15 % PRIVATE."""
    if place % 20 in _PUBLIC_PLACES:
        return str(BaseTarget.Permissions.PUBLIC)
    if place % 20 in _PRIVATE_PLACES:
        return str(BaseTarget.Permissions.PRIVATE)
    return str(BaseTarget.Permissions.OPEN)


def _pks(names: Iterable[str]) -> list[int]:
    names = list(names)
    found: list[int] = []
    for start in range(0, len(names), _CHUNK):
        rows = BaseTarget.objects.filter(name__in=names[start : start + _CHUNK])
        found.extend(rows.values_list("pk", flat=True))
    return found


def _ledger(model: type[models.Model]) -> models.QuerySet[DemoRow]:
    return DemoRow.objects.filter(content_type=ContentType.objects.get_for_model(model))


def _enter_targets(names: list[str], stored_before: set[int]) -> list[int]:
    """Enter new targets in the ledger, say who sees them, and return them; those entered stay as they are.

    A target that was stored before and is not in the ledger was left by a run that was cut off, if it is
    marked as simulated; without the mark it is somebody's own.
    """
    content_type = ContentType.objects.get_for_model(BaseTarget)
    with transaction.atomic():
        entered = set(_ledger(BaseTarget).values_list("object_pk", flat=True))
        fresh: dict[str, list[int]] = {}
        rows = dict(BaseTarget.objects.filter(pk__in=_pks(names)).values_list("name", "pk"))
        marked = _marked(rows.values())
        for place, name in enumerate(names):
            pk = rows.get(name)
            if pk is None or pk in entered or (pk in stored_before and pk not in marked):
                continue
            fresh.setdefault(visibility_of(place), []).append(pk)
        for level, pks in fresh.items():
            BaseTarget.objects.filter(pk__in=pks).update(permissions=level)
        group = Group.objects.filter(name=GROUP_NAME).first()
        if group is not None:
            private = fresh.get(str(BaseTarget.Permissions.PRIVATE), [])
            grant_many([group], Target, private, ("view_target",))
        made = sorted(pk for pks in fresh.values() for pk in pks)
        target_list = TargetList.objects.filter(
            name=LIST_NAME, pk__in=_ledger(TargetList).values("object_pk")
        ).first()
        if target_list is not None:
            target_list.targets.add(*made)
        DemoRow.objects.bulk_create(
            [DemoRow(content_type=content_type, object_pk=pk) for pk in made],
            ignore_conflicts=True,
            batch_size=_CHUNK,
        )
    return made


def _marked(pks: Iterable[int]) -> set[int]:
    rows = BaseTarget.objects.filter(
        pk__in=list(pks), targetextra__key="simulated", targetextra__bool_value=True
    )
    return set(rows.values_list("pk", flat=True))


def remove_demo() -> Removal:
    """Take away what the demo made, and its history.

    A target on which others hung something of theirs is kept whole.
    """
    with unrecorded():
        return _remove_all()


def _remove_all() -> Removal:
    entered = list(_ledger(BaseTarget).values_list("object_pk", flat=True))
    kept_pks = _with_rows_of_others(entered)
    kept = list(BaseTarget.objects.filter(pk__in=kept_pks).order_by("name").values_list("name", flat=True))
    gone = [pk for pk in entered if pk not in kept_pks]
    removed = 0
    for start in range(0, len(gone), _CHUNK):
        chunk = gone[start : start + _CHUNK]
        with transaction.atomic():
            products = DataProduct.objects.filter(target_id__in=chunk)
            files = [name for name in products.values_list("data", flat=True) if name]
            removed += BaseTarget.objects.filter(pk__in=chunk).count()
            BaseTarget.objects.filter(pk__in=chunk).delete()
            forget("target", chunk)
            _ledger(BaseTarget).filter(object_pk__in=chunk).delete()
            transaction.on_commit(lambda files=files: _delete_files(files))  # type: ignore[misc]
    others = 0
    with transaction.atomic():
        _ledger(BaseTarget).delete()
        for model in (TargetList, get_user_model(), Group):
            rows = model._default_manager.filter(pk__in=_ledger(model).values("object_pk"))
            others += rows.count()
            if model is TargetList:
                forget("list", list(rows.values_list("pk", flat=True)))
            rows.delete()
            _ledger(model).delete()
    return Removal(removed, others, kept)


def _delete_files(names: list[str]) -> None:
    """Delete files and, where the storage has folders, those that are empty then."""
    for name in names:
        default_storage.delete(name)
    folders = {str(parent) for name in names for parent in PurePosixPath(name).parents} - {"."}
    for folder in sorted(folders, key=len, reverse=True):
        with suppress(OSError, NotImplementedError):  # it holds something else, or the storage is a bucket
            Path(default_storage.path(folder)).rmdir()


def _with_rows_of_others(pks: list[int]) -> set[int]:
    """Return the demo's targets that bear rows which the demo did not make."""
    kept: set[int] = set()
    for start in range(0, len(pks), _CHUNK):
        chunk = pks[start : start + _CHUNK]
        for relation in BaseTarget._meta.related_objects:
            model, field = relation.related_model, relation.field
            if relation.many_to_many or field.name == "content_object" or isinstance(model, str):
                continue
            rows = model._default_manager.filter(**{f"{field.name}__in": chunk})
            rows = rows.exclude(_made_by_ingest(model))
            kept.update(rows.values_list(field.attname, flat=True).distinct())
        kept.update(_commented(chunk))
    return kept


def _made_by_ingest(model: type[models.Model]) -> models.Q:
    """Return a condition that holds for the rows that an ingest hangs on a target."""
    names = {field.name for field in model._meta.get_fields()}
    if model is DataProduct:
        return models.Q(product_id__startswith="cutout:")
    if "source_name" in names:
        return models.Q(source_name__endswith=SIMULATED)
    if model._meta.label in {
        "tom_targets.TargetName",
        "tom_targets.TargetExtra",
        "tom_dataproducts.LightCurveSummary",
    } or issubclass(model, BaseTarget):
        return models.Q(pk__isnull=False)
    return models.Q(pk__in=[])


def _commented(pks: list[int]) -> set[int]:
    from django.apps import apps

    if not apps.is_installed("django_comments"):
        return set()
    from django_comments import get_model

    content_types = ContentType.objects.get_for_models(BaseTarget, Target).values()
    rows = get_model()._default_manager.filter(
        content_type__in=[item.pk for item in content_types],
        object_pk__in=[str(pk) for pk in pks],
        is_removed=False,
    )
    return {int(value) for value in rows.values_list("object_pk", flat=True)}


def last_night(now: datetime.datetime) -> datetime.date:
    """Return the UT date of the last night at Palomar that is over, in UTC: nights end before 14 h UT.

    Parameters
    ----------
    now : datetime
        In UTC.
    """
    return (now - datetime.timedelta(hours=14)).date()
