"""Forms of targets, of who may see them, and of target lists."""

from tom_targets.forms.access import BulkAccessForm, TargetAccessForm
from tom_targets.forms.lists import TargetListForm
from tom_targets.forms.merge import TargetMergeForm
from tom_targets.forms.sharing import PersistentShareForm, TargetListShareForm, TargetShareForm
from tom_targets.forms.targets import (
    CoordinateField,
    NonSiderealTargetCreateForm,
    SiderealTargetCreateForm,
    TargetExtraFormset,
    TargetForm,
    TargetNamesFormset,
    form_class_for,
)

__all__ = [
    "BulkAccessForm",
    "CoordinateField",
    "NonSiderealTargetCreateForm",
    "PersistentShareForm",
    "SiderealTargetCreateForm",
    "TargetAccessForm",
    "TargetExtraFormset",
    "TargetForm",
    "TargetListForm",
    "TargetListShareForm",
    "TargetMergeForm",
    "TargetNamesFormset",
    "TargetShareForm",
    "form_class_for",
]
