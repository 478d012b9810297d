import pytest
from django.template import Context, Template
from django.test import RequestFactory

from tom_common.grants import grant_access
from tom_targets.tests.factories import (
    NonSiderealTargetFactory,
    SiderealTargetFactory,
    TargetExtraFactory,
    TargetGroupingFactory,
    TargetNameFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def render(cast):
    def rendered(text, user=None, **values):
        request = RequestFactory().get("/")
        request.user = user or cast.anonymous
        context = Context({"request": request, "user": request.user, "csrf_token": "token", **values})
        return Template("{% load targets_extras %}" + text).render(context)

    return rendered


@pytest.mark.parametrize(
    ("value", "fmt", "expected"),
    [
        (188.73625, "hms", "12:34:56.700"),
        (-5.25, "dms", "-05:15:00.00"),
        (0.0, "dms", "+00:00:00.00"),
        (None, "hms", ""),
        (1.0, "xyz", "fmt must be &#x27;hms&#x27; or &#x27;dms&#x27;, not &#x27;xyz&#x27;"),
    ],
)
def test_degrees_become_sexagesimal(render, value, fmt, expected):
    assert render("{{ value|deg_to_sexigesimal:fmt }}", value=value, fmt=fmt) == expected


def test_an_extra_is_given_in_its_declared_type(render, settings):
    settings.EXTRA_FIELDS = [{"name": "redshift", "type": "number"}]
    target = SiderealTargetFactory()
    TargetExtraFactory(target=target, key="redshift", value="0.50")
    TargetExtraFactory(target=target, key="host", value="NGC 1")
    text = "".join(f"{{{{ target|target_extra_field:'{key}' }}}} " for key in ("redshift", "host", "x"))
    assert render(text, target=target).split(" ", 1) == ["0.5", "NGC 1 None "]


def test_data_of_a_target_outside_its_page(render):
    target = SiderealTargetFactory(ra=188.73625, dec=-5.25)
    TargetNameFactory(target=target, name="AT 1")
    TargetExtraFactory(target=target, key="host", value="NGC 1")
    shown = render("{% target_data target %}", target=target)
    for text in ("12:34:56.700 -05:15:00.00", "NGC 1", "AT 1"):
        assert text in shown


def test_data_of_a_target_without_position(render):
    assert "MPC Minor Planet" in render("{% target_data target %}", target=NonSiderealTargetFactory())


def test_recent_targets_are_those_one_may_see(render, cast, targets):
    for tag in ("recent_targets", "recently_updated_targets"):
        assert "private target" not in render(f"{{% {tag} %}}")
        shown = render(f"{{% {tag} limit=5 %}}", user=cast.owner)
        assert "private target" in shown and "open target" in shown


def test_a_table_of_targets_has_check_boxes(render, targets):
    rows = list(targets.values())
    plain = render("{% target_table rows %}", rows=rows)
    assert plain.count('name="selected-target"') == 3
    assert " checked" not in plain
    assert render("{% target_table rows all_checked=True %}", rows=rows).count(" checked") == 3


def test_a_row_of_the_table_holds_the_configured_columns(render, settings, targets):
    settings.TARGET_LIST_COLUMNS = ["name", "type", "distance"]
    text = "{% target_table_row target as row %}{{ row|join:'|' }}"
    assert render(text, target=targets["OPEN"]) == "Sidereal|–"


def test_buttons_follow_the_rights_of_the_user(render, cast, targets):
    text = "{% target_buttons target %}"
    assert "/update/" not in render(text, target=targets["OPEN"])
    shown = render(text, user=cast.owner, target=targets["OPEN"])
    assert "/update/" in shown and "/delete/" in shown and "/access/" in shown


def test_lists_of_a_target(render, cast, targets):
    target_list = TargetGroupingFactory(name="mine")
    grant_access(cast.owner, target_list)
    target_list.targets.add(targets["OPEN"])
    assert "mine" in render("{% target_groups target %}", user=cast.owner, target=targets["OPEN"])
    assert "mine" not in render("{% target_groups target %}", target=targets["OPEN"])


def my_tab(context):
    return {"extra_fields": [], "tags": [{"key": "of", "value": context["target"].name}]}


def test_tabs_of_plugins_in_a_projects_own_page(render, monkeypatch, targets):
    from tom_common import contributions

    tab = {
        "label": "My Tab",
        "partial": "tom_targets/partials/section_extras.html",
        "context": f"{__name__}.my_tab",
    }
    real = contributions.collect
    monkeypatch.setattr(
        contributions,
        "collect",
        lambda name: [("plugin", tab)] if name == "target_detail_tabs" else real(name),
    )
    shown = render("{% include_app_tabs %}{% include_app_tab_divs %}", target=targets["OPEN"])
    assert 'href="#my-tab"' in shown and 'id="my-tab-tab"' in shown
    assert 'id="my-tab" role="tabpanel"' in shown
    assert "<dd>open target</dd>" in shown


def test_a_form_field_of_an_extra(render, settings, cast):
    from tom_targets.forms import SiderealTargetCreateForm

    settings.EXTRA_FIELDS = [{"name": "redshift", "type": "number"}]
    form = SiderealTargetCreateForm(user=cast.owner)
    assert 'name="redshift"' in render("{% extra_form_field form 'redshift' %}", form=form)
    with pytest.raises(AttributeError, match="declares no field 'mass'"):
        render("{% extra_form_field form 'mass' %}", form=form)


def test_records_without_status_are_counted(render, targets):
    from tom_observations.models import ObservationRecord

    text = "{% target_unknown_statuses target %}"
    assert render(text, target=targets["OPEN"]).strip() == ""
    ObservationRecord.objects.create(
        target=targets["OPEN"], facility="LCO", parameters={}, observation_id="1", status=""
    )
    assert "1 observation of open target without a status" in render(text, target=targets["OPEN"])


def test_the_newest_targets_stand_on_the_home_page(cast, targets, client_of):
    page = client_of(cast.stranger).get("/").content.decode()
    assert "open target" in page and "public target" in page
    assert "private target" not in page
