"""Pages of watchlists: list and form."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.generic import TemplateView, View

from tom_alerts.filter_forms import WatchlistForm
from tom_alerts.filter_models import Watchlist
from tom_alerts.permissions import shared_for_user
from tom_common.keyset import count_rows, keyset_page, pager

PAGE_SIZE = 50


def watchlists_for(user: Any, words: str = "") -> QuerySet[Watchlist]:
    """Return the watchlists that a user may see, by name, with all that their lines tell."""
    rows = shared_for_user(user, Watchlist.objects.all()).select_related("user", "target_list", "region")
    for word in words.split():
        rows = rows.filter(name__icontains=word)
    return rows.defer("region__ranges").order_by("name", "pk")


class WatchlistListView(LoginRequiredMixin, TemplateView):
    """All watchlists that one may see, page by page, or those with some words in their names."""

    template_name = "tom_alerts/watchlist_list.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Give a page of them."""
        words = self.request.GET.get("q", "").strip()[:200]
        rows = watchlists_for(self.request.user, words)
        cursor = self.request.GET.get("cursor") or None
        page = keyset_page(rows, sort="name", page_size=PAGE_SIZE, cursor=cursor)
        links = pager(self.request, page, count_rows(rows), "watchlists")
        return super().get_context_data(watchlists=page.items, words=words, **links, **kwargs)


class WatchlistFormView(LoginRequiredMixin, View):
    """Makes a watchlist, changes or deletes one of one's own."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Find the watchlist of the address."""
        if not request.user.is_authenticated:
            return self.handle_no_permission()  # type: ignore[return-value]
        rows = shared_for_user(request.user, Watchlist.objects.all(), "change")
        self.one = get_object_or_404(rows, pk=kwargs["pk"]) if "pk" in kwargs else None
        return super().dispatch(request, *args, **kwargs)  # type: ignore[return-value]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show the form."""
        return self.show(request, WatchlistForm(user=request.user, instance=self.one))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Store the watchlist, or delete it."""
        if "delete" in request.POST and self.one is not None:
            if self.one.filters.exists():
                messages.error(request, f"Filters use {self.one}: take it off them first.")
                return redirect(self.one)
            self.one.delete()
            messages.success(request, f"The watchlist {self.one} was deleted.")
            return redirect("alerts:watchlists")
        form = WatchlistForm(request.POST, request.FILES, user=request.user, instance=self.one)
        if not form.is_valid():
            return self.show(request, form)
        messages.success(request, f"The watchlist {form.save()} was stored; a filter can use it now.")
        return redirect("alerts:watchlists")

    def show(self, request: HttpRequest, form: WatchlistForm) -> HttpResponse:
        """Show the form."""
        return render(request, "tom_alerts/watchlist_form.html", {"form": form, "watchlist": self.one})
