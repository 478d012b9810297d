"""History: who changed what, when and why; change sets that can be undone; a target as it was on a date.

**Services** put what belongs together into one change set, which is one transaction::

    from tom_common.history import change_set

    with change_set(user, kind="bulk", title="Visibility of 12 targets", reason=reason) as changes:
        Target.objects.filter(pk__in=pks).update(permissions="OPEN")

Blocks inside a block join the outer one. Work in batches, each its own transaction, uses a run::

    run = change_run(user, kind="import", title="Import of stars.csv")
    for batch in batches:
        with run.part():
            insert_new(BaseTarget, columns)

Nothing has to be told row by row: ``save``, ``delete``, ``update``, ``bulk_create`` and ``bulk_update`` of
models with a history, ``add``/``remove``/``set``/``clear`` of followed many-to-many relations, and
``tom_common.bulk.insert_new`` note what they do. A write outside of any block makes a change set by itself,
with the user of the request or job as author. A row of a target that was made in the same change set has no
row of history of its own: undoing it deletes the target.

**Apps** register their models in ``ready()`` by ``track(Tracked(...))``; such models extend ``TrackedModel``
and have a manager of ``TrackedQuerySet``. Raw SQL, ``_raw_delete`` and direct writes to a table
between two models are not seen: tell the recorder (``Recorder.created``, ``updated``, ``deleted``).
``unrecorded()`` switches it off for a block.
"""

from tom_common.history.recorder import Recorder
from tom_common.history.registry import (
    FOLD,
    PAIR,
    ROW,
    SET,
    RevertRefusedError,
    Subject,
    Tracked,
    register_subject,
    track,
    tracked_for,
)
from tom_common.history.scope import ChangeRun, change_run, change_set, recorder_for, unrecorded
from tom_common.history.tracking import TrackedModel, TrackedQuerySet, follow_membership

__all__ = [
    "FOLD",
    "PAIR",
    "ROW",
    "SET",
    "ChangeRun",
    "Recorder",
    "RevertRefusedError",
    "Subject",
    "Tracked",
    "TrackedModel",
    "TrackedQuerySet",
    "change_run",
    "change_set",
    "follow_membership",
    "recorder_for",
    "register_subject",
    "track",
    "tracked_for",
    "unrecorded",
]
