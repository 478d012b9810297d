import pytest
from django import forms
from django.contrib.auth.models import Group
from django.forms.renderers import DjangoTemplates
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy

from tom_common import form_renderer
from tom_common.form_renderer import KeptRenderer


class Sample(forms.Form):
    name = forms.CharField(required=False)
    size = forms.ChoiceField(required=False, choices=[("", gettext_lazy("Yes")), ("b", "<b>")])
    span = forms.SplitDateTimeField(required=False)
    secret = forms.CharField(required=False, widget=forms.PasswordInput(render_value=True))


@pytest.fixture(autouse=True)
def _nothing_kept():
    form_renderer._kept.clear()


def html(renderer, **options):
    return str(Sample(renderer=renderer, **options))


@pytest.mark.parametrize("data", [None, {}, {"name": "x<y", "size": "b", "span_0": "2026-01-02"}])
def test_controls_look_as_django_draws_them_each_time(data):
    expected = html(DjangoTemplates(), data=data)
    assert [html(KeptRenderer(), data=data) for _ in range(3)] == [expected] * 3


def test_empty_controls_are_drawn_once():
    class Counting(KeptRenderer):
        drawn = 0

        def get_template(self, template_name):
            self.drawn += template_name.startswith("django/forms/widgets/")
            return super().get_template(template_name)

    renderer = Counting()
    html(renderer)
    once = renderer.drawn
    html(renderer)
    assert (once, renderer.drawn) == (4, 4)


def test_what_somebody_typed_is_not_kept():
    html(KeptRenderer(), data={"name": "mine", "secret": "hush"})
    assert not any("hush" in kept or "mine" in kept for kept in form_renderer._kept.values())


def test_each_language_has_its_own_controls(monkeypatch):
    renderer = KeptRenderer()
    html(renderer)
    kept = len(form_renderer._kept)
    monkeypatch.setattr(form_renderer, "get_language", lambda: "de")
    html(renderer)
    assert len(form_renderer._kept) == 2 * kept


def test_safe_and_other_labels_do_not_share_what_is_kept():
    class Labelled(forms.Form):
        def __init__(self, label, **options):
            super().__init__(**options)
            self.fields["one"] = forms.ChoiceField(required=False, choices=[("a", label)])

    renderer = KeptRenderer()
    first = str(Labelled("<i>", renderer=renderer))
    second = str(Labelled(mark_safe("<i>"), renderer=renderer))
    assert "&lt;i&gt;" in first
    assert "<i></option>" in second.replace("\n", "")


@pytest.mark.django_db
def test_new_rows_are_among_the_choices_at_once():
    class Chosen(forms.Form):
        group = forms.ModelChoiceField(Group.objects.all(), required=False)

    renderer = KeptRenderer()
    assert "spectra" not in str(Chosen(renderer=renderer))
    Group.objects.create(name="spectra")
    assert "spectra" in str(Chosen(renderer=renderer))


class Emptied(dict):
    """What is kept, as another thread leaves it that empties it between any two steps of this one."""

    def __contains__(self, key):
        return True

    def __len__(self):
        return form_renderer._MOST

    def __setitem__(self, key, value):
        pass


def test_controls_are_drawn_while_another_thread_throws_away_what_is_kept(monkeypatch):
    monkeypatch.setattr(form_renderer, "_kept", Emptied())
    assert html(KeptRenderer()) == html(DjangoTemplates())
