"""Finds targets that are the same as a given one, by name or by position; ``Target.matches`` is one of these.

A project replaces it by ``MATCH_MANAGERS = {"Target": "path.of.Class"}``; any method may be overridden.
"""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q, QuerySet

from tom_targets.derived import DerivedQuerySet, simplify_name
from tom_targets.designations import same_object_keys


class TargetMatchManager(models.Manager.from_queryset(DerivedQuerySet)):  # type: ignore[misc]
    """Searches targets by name, alias and position, always in the database."""

    def is_unique(self, target: Any, *args: Any, **kwargs: Any) -> bool:
        """Tell whether no stored target but itself matches a target."""
        matches = self.match_target(target, *args, **kwargs)
        if target.pk:
            matches = matches.exclude(pk=target.pk)
        return not matches.exists()

    def match_target(self, target: Any, *args: Any, **kwargs: Any) -> QuerySet:
        """Return the targets that match a target; by default those that bear its name."""
        return self.match_name(target.name)

    def match_name(self, name: str) -> QuerySet:
        """Return the targets whose name or alias matches a name, case and separators apart."""
        return self.match_fuzzy_name(name)

    def match_exact_name(self, name: str) -> QuerySet:
        """Return the targets whose name or alias equals a name."""
        by_alias = self._alias_model()._default_manager.filter(name=name).values("target_id")
        return self.get_queryset().filter(Q(name=name) | Q(pk__in=by_alias))

    def match_fuzzy_name(self, name: str, input_queryset: QuerySet | None = None) -> QuerySet:
        """Return the targets whose simplified name or alias equals the simplified name.

        Designations of transients are equal also where only their prefixes differ (AT, SN, TDE or none).

        Parameters
        ----------
        name : str
        input_queryset : QuerySet, optional
            Targets to search among; all by default.
        """
        key = self.simplify_name(name)
        queryset = self.get_queryset() if input_queryset is None else input_queryset
        if not key:
            return queryset.none()
        keys = same_object_keys(key)
        by_alias = self._alias_model()._default_manager.filter(name_key__in=keys).values("target_id")
        return queryset.filter(Q(name_key__in=keys) | Q(pk__in=by_alias))

    def match_cone_search(self, ra: float | None, dec: float | None, radius: float | None) -> QuerySet:
        """Return the targets within a radius of a position, annotated with ``separation`` in degrees.

        Parameters
        ----------
        ra, dec : float
            ICRS position, in degrees.
        radius : float
            Radius, in arcsec.

        Returns
        -------
        QuerySet
            Empty where an argument is None or the declination is out of range.
        """
        from tom_targets.sky_search import cone

        if ra is None or dec is None or radius is None:
            return self.get_queryset().none()
        ra_deg, dec_deg, radius_arcsec = float(ra), float(dec), float(radius)
        if not -90.0 <= dec_deg <= 90.0 or not radius_arcsec >= 0.0:
            return self.get_queryset().none()
        return cone(self.get_queryset(), ra_deg=ra_deg, dec_deg=dec_deg, radius_arcsec=radius_arcsec)

    def simplify_name(self, name: str) -> str:
        """Return a name in lower case without spaces, dashes, underscores and parentheses."""
        return simplify_name(name)

    def _alias_model(self) -> type[models.Model]:
        return self.model._meta.get_field("aliases").related_model
