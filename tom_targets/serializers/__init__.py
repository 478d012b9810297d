"""Serializers of targets and what hangs on them; plugins import ``TargetSerializer`` from here."""

from tom_targets.serializers.nested import TargetExtraSerializer, TargetListSerializer, TargetNameSerializer
from tom_targets.serializers.targets import TargetSerializer

__all__ = ["TargetExtraSerializer", "TargetListSerializer", "TargetNameSerializer", "TargetSerializer"]
