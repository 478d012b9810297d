"""The list of targets: filters, columns, pages; and the search by name in an address."""

from __future__ import annotations

from hashlib import sha256
from urllib.parse import urlencode

from django.http import Http404, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.views import View
from django.views.generic import TemplateView

from tom_common.keyset import CursorError, RowCount
from tom_common.request_facts import own_address
from tom_targets import list_state, selectors
from tom_targets.filters import TargetFilterSet
from tom_targets.formats import count_text
from tom_targets.models import Target
from tom_targets.name_search import named
from tom_targets.permissions import may_create_targets
from tom_targets.tables import COLUMNS

_YEAR_S = 365 * 86400
_OWN_FACETS = ("favourite", "status")
_FIRST_FACETS = ("query", *_OWN_FACETS, "type", "permissions", "detected_within", "brighter_than")


class TargetListView(TemplateView):
    """The targets that a visitor may see."""

    template_name = "tom_targets/target_list.html"
    filterset_class = TargetFilterSet

    def get_queryset(self):
        return selectors.visible_targets(self.request.user)

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        data = self.request.GET
        self.pairs = list_state.filter_pairs(data)
        filterset = self.filterset_class(data, self.get_queryset(), request=self.request)
        is_valid = not filterset.errors
        targets = filterset.qs if is_valid else Target.objects.none()
        sort = list_state.chosen_sort(data)
        page = self.get_page(targets, sort)
        if page is None:
            return context
        names = list_state.chosen_columns(self.request.COOKIES)
        count = self.get_count(targets, page)
        groupings = selectors.user_lists(self.request.user)
        context.update(
            filter=filterset,
            facets=facets_of(filterset),
            table=selectors.target_table(
                page.items, names, user=self.request.user, sort=sort, query=self.pairs
            ),
            groupings=groupings,
            skymap_objects=page.items,
            target_count=count.value,
            record_count=count.value,
            total_text=count_text(count.value, count.is_estimate),
            query_string=urlencode(self.pairs),
            chips=list_state.filter_chips(filterset, keep=self.sort_pair(sort)) if is_valid else [],
            clear_url=reverse("targets:list"),
            next_url=self.page_url(sort, page.next_cursor),
            previous_url=self.page_url(sort, page.previous_cursor),
            sort=sort,
            column_choices=[(column, column.name in names) for column in COLUMNS.values()],
            may_create=may_create_targets(self.request.user),
            is_filtered=bool(self.pairs),
            has_changeable_lists=any(found.may_change for found in groupings),
        )
        return context

    def get(self, request, *args, **kwargs):
        is_htmx = bool(request.headers.get("HX-Request"))
        pairs = [(key, value) for key, values in request.GET.lists() for value in values]
        filled = [pair for pair in pairs if pair[1]]
        address = f"{request.path}?{urlencode(filled)}" if filled else request.path
        if len(filled) < len(pairs) and not is_htmx:  # a form sends its empty boxes too
            return redirect(address)
        response = super().get(request, *args, **kwargs)
        if is_htmx:
            response.headers["HX-Push-Url"] = address
        return response

    def get_page(self, targets, sort):
        """Return the page asked for, None if the address names one that does not exist."""
        try:
            size = int(self.request.GET.get("per_page", selectors.PAGE_SIZE))
        except ValueError:
            size = selectors.PAGE_SIZE
        self.page_size = size if size in selectors.PAGE_SIZES else selectors.PAGE_SIZE
        try:
            return selectors.target_page(
                targets, sort=sort, cursor=self.request.GET.get("cursor"), page_size=self.page_size
            )
        except CursorError:
            return None

    def get_count(self, targets, page):
        """Return how many targets there are; without a query where all of them stand on the page."""
        if page.next_cursor is None and page.previous_cursor is None:
            return RowCount(len(page.items), False)
        narrowed = sha256(urlencode(sorted(self.pairs)).encode()).hexdigest()[:24]
        return selectors.cached_count(targets, f"tom_targets.count.{self.request.user.pk or 0}.{narrowed}")

    def sort_pair(self, sort):
        return [("sort", sort)] if "sort" in self.request.GET else []

    def page_url(self, sort, cursor):
        if not cursor:
            return ""
        size = [("per_page", self.page_size)] if self.page_size != selectors.PAGE_SIZE else []
        return "?" + urlencode([*self.pairs, *self.sort_pair(sort), *size, ("cursor", cursor)])

    def render_to_response(self, context, **kwargs):
        if "table" not in context:  # a cursor of another order or of a changed key: start again
            sort = list_state.chosen_sort(self.request.GET)
            return redirect(f"{reverse('targets:list')}?{urlencode([*self.pairs, *self.sort_pair(sort)])}")
        return super().render_to_response(context, **kwargs)


def facets_of(filterset):
    """Return the fields of the filters: those always in view, and the others behind a fold."""
    hidden = {"targetlist__name", "name_fuzzy"}
    if not filterset.request.user.is_authenticated:
        hidden.update(_OWN_FACETS)
    shown = [bound for bound in filterset.form if bound.name not in hidden]
    more = [bound for bound in shown if bound.name not in _FIRST_FACETS]
    return {
        "first": [bound for bound in shown if bound.name in _FIRST_FACETS],
        "more": more,
        "more_in_use": any(bound.data not in (None, "", [None, None]) or bound.errors for bound in more),
    }


class TargetColumnsView(View):
    """Keeps the columns that somebody chose for the list, in a cookie."""

    http_method_names = ["post"]

    def post(self, request):
        back = own_address(request, request.POST.get("next", ""))
        response = HttpResponseRedirect(back or reverse("targets:list"))
        if "reset" in request.POST:
            response.delete_cookie(list_state.COLUMNS_COOKIE, samesite="Lax")
            return response
        known = [name for name in request.POST.getlist("column") if name in COLUMNS]
        response.set_cookie(
            list_state.COLUMNS_COOKIE,
            ".".join(known) or list_state.NO_COLUMNS,
            max_age=_YEAR_S,
            samesite="Lax",
            secure=request.is_secure(),
            httponly=True,
        )
        return response


class TargetNameSearchView(View):
    """Goes to the target with a name; shows the list of candidates where there are several."""

    def get(self, request, name):
        visible = selectors.visible_targets(request.user)
        same = visible.filter(pk__in=Target.matches.match_name(name).values("pk"))
        found = list(same[:2]) or list(named(visible, name)[:2])
        if len(found) == 1:
            return redirect("targets:detail", pk=found[0].pk)
        if not found:
            raise Http404(f"No target that you may see is called {name}.")
        return redirect(f"{reverse('targets:list')}?{urlencode({'query': name})}")
