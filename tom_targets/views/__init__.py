"""Pages of tom_targets; a project replaces one by subclassing it and giving its URL again."""

from tom_targets.views.access import TargetAccessView
from tom_targets.views.bulk import BulkAccessView, BulkDeleteView
from tom_targets.views.deletion import TargetDeleteView, TargetRestoreView, TrashView
from tom_targets.views.detail import TargetDetailView, TargetSectionView
from tom_targets.views.edit import TargetCreateView, TargetUpdateView, UnderstoodPositionView
from tom_targets.views.exporting import TargetExportView
from tom_targets.views.finder import TargetFinderView
from tom_targets.views.groupings import (
    TargetAddRemoveGroupingView,
    TargetGroupingCreateView,
    TargetGroupingDeleteView,
    TargetGroupingView,
)
from tom_targets.views.imagery import TargetImageryView
from tom_targets.views.importing import TargetImportView
from tom_targets.views.lists import TargetColumnsView, TargetListView, TargetNameSearchView
from tom_targets.views.merging import TargetMergeView
from tom_targets.views.persistent_share_api import PersistentShareViewSet
from tom_targets.views.sharing import (
    PersistentShareEndView,
    PersistentShareManageFormView,
    PersistentShareManageTable,
    PersistentShareRetryView,
    TargetGroupingShareView,
    TargetPersistentShareManageFormView,
    TargetPersistentShareManageTable,
    TargetShareView,
)
from tom_targets.views.sky import TargetSkyDataView, TargetSkyView

__all__ = [
    "TargetShareView",
    "TargetPersistentShareManageTable",
    "TargetPersistentShareManageFormView",
    "TargetGroupingShareView",
    "PersistentShareRetryView",
    "PersistentShareViewSet",
    "PersistentShareManageTable",
    "PersistentShareManageFormView",
    "PersistentShareEndView",
    "BulkAccessView",
    "BulkDeleteView",
    "TargetAccessView",
    "TargetAddRemoveGroupingView",
    "TargetColumnsView",
    "TargetCreateView",
    "TargetDeleteView",
    "TargetDetailView",
    "TargetExportView",
    "TargetFinderView",
    "TargetGroupingCreateView",
    "TargetGroupingDeleteView",
    "TargetGroupingView",
    "TargetImportView",
    "TargetImageryView",
    "TargetListView",
    "TargetMergeView",
    "TargetNameSearchView",
    "TargetRestoreView",
    "TargetSectionView",
    "TargetSkyDataView",
    "TargetSkyView",
    "TargetUpdateView",
    "TrashView",
    "UnderstoodPositionView",
]
