"""The filters of target lists by how the person asking follows them; the REST API has the same."""

from __future__ import annotations

import django_filters
from django.db.models import QuerySet
from django_filters.rest_framework import FilterSet

from tom_targets import follow


class FollowFilters(FilterSet):
    """Narrows a list to the status words of one's teams, and to one's favourites."""

    status = django_filters.ChoiceFilter(
        choices=follow.known_words, method="filter_status", label="Status for my team", empty_label="any"
    )
    favourite = django_filters.ChoiceFilter(
        choices=(("1", "only these"),), method="filter_favourite", label="My favourites", empty_label="any"
    )

    def filter_status(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        """Return the targets for which a team of the person asking has a word."""
        if self.request is None or not self.request.user.is_authenticated:
            return queryset.none()
        return follow.with_status(queryset, self.request.user, value)

    def filter_favourite(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        """Return the targets that the person asking marked with a star."""
        if self.request is None or not self.request.user.is_authenticated:
            return queryset.none()
        return follow.favourites_of(queryset, self.request.user)
