"""Finds targets that are the same as a given one, by name or by position; ``Target.matches`` is one of these.

A project replaces it by ``MATCH_MANAGERS = {"Target": "path.of.Class"}``; any method may be overridden.
"""

from __future__ import annotations

import math
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
        return self.get_queryset().filter(self._bears(name=name))

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
        return queryset.filter(self._bears(name_key__in=same_object_keys(key)))

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
            Empty where an argument is None, the declination is out of range or the radius is negative.

        Raises
        ------
        ValueError
            If an argument is not finite.
        """
        from tom_targets.sky_search import cone

        if ra is None or dec is None or radius is None:
            return self.get_queryset().none()
        ra_deg, dec_deg, radius_arcsec = float(ra), float(dec), float(radius)
        if 90.0 < abs(dec_deg) < math.inf or -math.inf < radius_arcsec < 0.0:
            return self.get_queryset().none()
        return cone(self.get_queryset(), ra_deg=ra_deg, dec_deg=dec_deg, radius_arcsec=radius_arcsec)

    def simplify_name(self, name: str) -> str:
        """Return a name in lower case without spaces, dashes, underscores and parentheses."""
        return simplify_name(name)

    def _bears(self, **condition: Any) -> Q:
        """Return the condition that a name or an alias is as asked.

        One look into each of two indices: PostgreSQL reads the whole table for a name OR a subquery.
        """
        alias_model = self.model._meta.get_field("aliases").related_model
        name_model = self.model._meta.get_field("name_key").model
        by_name = name_model._base_manager.filter(**condition).values("pk")
        return Q(pk__in=by_name.union(alias_model._base_manager.filter(**condition).values("target_id")))
