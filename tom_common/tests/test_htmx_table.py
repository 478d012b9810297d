import django_filters
import django_tables2 as tables
import pytest
from crispy_forms.utils import render_crispy_form
from django.contrib.auth.models import Group
from django.http import HttpResponse
from django.template import engines
from django.test import RequestFactory
from django_filters.views import FilterView

from tom_common.htmx_table import (
    HTMXTable,
    HTMXTableFilterSet,
    HTMXTableViewMixin,
    containment_search,
    htmx_attributes,
    htmx_attributes_delayed,
    htmx_attributes_instant,
    htmx_attributes_onenter,
)


class GroupTable(HTMXTable):
    class Meta(HTMXTable.Meta):
        model = Group
        fields = ("selection", "id", "name")

    def order_name(self, queryset, is_descending):
        return self.model_property_ordering(queryset, is_descending, "name")


class PlainTable(HTMXTable):
    selection = None

    class Meta(HTMXTable.Meta):
        model = Group
        fields = ("name",)


class GroupFilterSet(HTMXTableFilterSet):
    name = django_filters.CharFilter(lookup_expr="icontains")

    class Meta:
        model = Group
        fields = ("name",)


class GroupListView(HTMXTableViewMixin, FilterView):
    model = Group
    queryset = Group.objects.order_by("pk")
    table_class = GroupTable
    filterset_class = GroupFilterSet
    paginate_by = 4
    template_name = "groups.html"

    def render_to_response(self, context, **kwargs):
        self.context = context
        return HttpResponse(self.get_template_names()[0])


def _view(query="", **headers):
    request = RequestFactory().get(f"/groups/{query}")
    for name, value in headers.items():
        setattr(request, name, value)
    view = GroupListView()
    view.setup(request)
    return view, view.get(request).content.decode()


@pytest.fixture
def groups(db):
    Group.objects.all().delete()
    return Group.objects.bulk_create(
        Group(name=name) for name in ("alpha", "Beta", "gamma", "delta", "epsilon", "zeta")
    )


def _render(table, query=""):
    request = RequestFactory().get(f"/groups/{query}")
    return table.as_html(request)


def test_attributes_differ_in_what_triggers_them():
    triggers = [
        item["hx-trigger"]
        for item in (
            htmx_attributes,
            htmx_attributes_instant,
            htmx_attributes_onenter,
            htmx_attributes_delayed,
        )
    ]

    assert triggers == ["change", "change", "keyup[keyCode==13]", "input changed delay:200ms"]
    assert htmx_attributes_delayed["hx-sync"] == "this:replace"
    assert htmx_attributes["hx-target"] == "div.table-container"


def test_rows_can_be_selected_unless_the_table_says_no(groups):
    html = _render(GroupTable(Group.objects.all()))

    assert html.count('name="selected-row"') >= 6
    assert 'form="grouping-form"' in html
    assert "header-checkbox" in html
    assert "selected-row" not in _render(PlainTable(Group.objects.all()))


def test_table_is_fetched_by_htmx_and_works_without(groups):
    table = GroupTable(Group.objects.order_by("pk"))
    table.paginate(page=2, per_page=2)
    html = _render(table, "?page=2&query=x")

    assert 'hx-include="#filter-form"' in html
    assert 'href="?page=1&amp;query=x"' in html
    assert 'aria-current="page"' in html


def test_sorted_column_says_so(groups):
    html = _render(GroupTable(Group.objects.all(), order_by="-id"))

    assert 'aria-sort="descending"' in html


def test_template_has_the_blocks_that_plugins_replace(groups):
    source = "{% extends 'tom_common/bootstrap_htmx.html' %}" + "".join(
        f"{{% block {name} %}}[{name}]{{% endblock %}}"
        for name in ("table.thead", "pagination.previous", "pagination.range", "pagination.next")
    )
    table = GroupTable(Group.objects.order_by("pk"))
    table.paginate(page=2, per_page=2)
    html = engines["django"].from_string(source).render({"table": table}, RequestFactory().get("/"))

    assert [
        html.count(f"[{name}]")
        for name in ("table.thead", "pagination.previous", "pagination.range", "pagination.next")
    ] == [1] * 4


@pytest.mark.parametrize(
    ("descending", "expected"), [(False, ["delta", "epsilon", "zeta"]), (True, ["zeta", "epsilon", "delta"])]
)
def test_python_property_sorts(groups, descending, expected):
    rows = Group.objects.filter(name__in=["zeta", "delta", "epsilon"])
    ordered, is_done = GroupTable.model_property_ordering(rows, descending, "name")

    assert ([group.name for group in ordered], is_done) == (expected, True)


def test_nothing_to_sort_is_no_error(db):
    assert list(GroupTable.model_property_ordering(Group.objects.none(), False, "name")[0]) == []


@pytest.mark.parametrize(("text", "expected"), [("ETA", {"Beta", "zeta"}), ("", 6), ("nothing", set())])
def test_search_looks_at_all_columns_in_any_case(groups, text, expected):
    found = GroupFilterSet({"query": text}, queryset=Group.objects.all()).qs

    assert (len(found) if isinstance(expected, int) else {group.name for group in found}) == expected


def find_first(queryset, name, value):
    return queryset.filter(name="alpha")


def test_project_may_name_its_own_search(groups, settings):
    settings.GENERAL_SEARCH_FUNCTIONS = {"auth.Group": f"{__name__}.find_first"}
    filterset = GroupFilterSet({"query": "x"}, queryset=Group.objects.all())

    assert [group.name for group in filterset.qs] == ["alpha"]
    settings.GENERAL_SEARCH_FUNCTIONS = {}
    assert filterset.get_general_search_function() is containment_search


def test_form_shows_the_search_and_folds_the_rest_away(db):
    html = render_crispy_form(GroupFilterSet({}, queryset=Group.objects.all()).form)

    assert html.index('name="query"') < html.index('id="advancedFilters"') < html.index('name="name"')
    assert "<form" not in html
    assert "csrf" not in html


def test_htmx_gets_the_table_and_others_the_page(groups):
    assert _view()[1] == "groups.html"
    assert _view(htmx=False)[1] == "groups.html"
    assert _view(htmx=True)[1] == "tom_common/partials/htmx_table_partial.html"


def test_view_counts_what_it_found(groups):
    view, _ = _view("?name=eta")

    assert (view.context["record_count"], view.context["empty_database"]) == (2, False)


def test_view_knows_an_empty_database(db):
    Group.objects.all().delete()
    view, _ = _view()

    assert (view.context["record_count"], view.context["empty_database"]) == (0, True)
    html = engines["django"].get_template("tom_common/partials/htmx_table_partial.html").render(view.context)
    assert "nothing here yet" in html


def test_view_without_model_is_possible(groups):
    class Rows(tables.Table):
        name = tables.Column()

    class View(HTMXTableViewMixin):
        table_class = Rows
        paginate_by = 2
        model = None

        def get_table_data(self):
            return [{"name": "a"}, {"name": "b"}, {"name": "c"}]

    class Page(View, FilterView):
        def get_context_data(self, **kwargs):
            return {"table": self.get_table()}

    request = RequestFactory().get("/")
    page = Page()
    page.setup(request)

    assert page.get_context_data()["table"].paginator.count == 3
