"""The form markup: what every page with a form relies on."""

from django import forms
from django.template import Context, Template
from django.test import RequestFactory, SimpleTestCase


class _PointForm(forms.Form):
    fieldsets = (("Position", ("ra", "dec", "no_such_field"), "ICRS."), ("Empty", ("gone",)))

    ra = forms.FloatField(label="Right ascension", help_text="Degrees.")
    dec = forms.FloatField(label="Declination")
    frame = forms.ChoiceField(choices=[("icrs", "ICRS")], required=False)
    bands = forms.MultipleChoiceField(choices=[("g", "g"), ("r", "r")], widget=forms.CheckboxSelectMultiple)
    moving = forms.BooleanField(required=False)
    token = forms.CharField(widget=forms.HiddenInput, required=False)


def _render(form, **extra):
    template = Template('{% include "tom_common/partials/form.html" with form=form submit="Add point" %}')
    return template.render(Context({"form": form, "request": RequestFactory().get("/"), **extra}))


class FormMarkupTests(SimpleTestCase):
    def test_groups_have_headings_and_unnamed_fields_follow(self):
        html = _render(_PointForm())
        self.assertInHTML('<legend class="h5">Position</legend>', html)
        self.assertNotIn("Empty", html)
        self.assertLess(html.index("id_dec"), html.index("id_frame"))
        self.assertIn("ICRS.", html)

    def test_each_kind_of_control_has_its_class_and_hidden_fields_stay(self):
        html = _render(_PointForm())
        self.assertInHTML(
            '<input type="number" name="ra" step="any" class="form-control" required id="id_ra"'
            ' aria-describedby="id_ra_helptext">',
            html,
        )
        self.assertIn('class="form-select"', html)
        self.assertInHTML(
            '<input type="checkbox" name="moving" class="form-check-input" id="id_moving">', html
        )
        self.assertEqual(html.count('name="bands"'), 2)
        self.assertInHTML('<input type="hidden" name="token" id="id_token">', html)

    def test_errors_are_counted_on_top_and_linked_to_their_fields(self):
        html = _render(_PointForm({"ra": "12h", "dec": "3", "bands": []}))
        self.assertIn("2 things need a correction:", html)
        self.assertInHTML('<a class="alert-link" href="#id_ra">Right ascension</a>', html)
        self.assertInHTML('<a class="alert-link" href="#id_bands">Bands</a>', html)
        self.assertIn('aria-invalid="true"', html)
        self.assertIn('aria-describedby="id_ra_helptext id_ra_error"', html)
        self.assertIn('id="id_ra_error"', html)

    def test_what_was_typed_stays(self):
        self.assertIn('value="12h"', _render(_PointForm({"ra": "12h"})))

    def test_texts_of_options_and_errors_are_escaped(self):
        form = _PointForm({"frame": "<b>"})
        form.fields["bands"].choices = [("x", "<script>")]
        html = _render(form)
        self.assertNotIn("<script>", html)
        self.assertNotIn("<b>", html)

    def test_formsets_of_a_form_are_rendered_and_their_errors_listed(self):
        form = _PointForm({"ra": "1", "dec": "2", "bands": ["g"]})
        data = {
            "p-TOTAL_FORMS": "1",
            "p-INITIAL_FORMS": "0",
            "p-0-ra": "x",
            "p-0-dec": "1",
            "p-0-bands": ["g"],
        }
        form.formsets = [forms.formset_factory(_PointForm)(data, prefix="p")]
        form.formsets[0].is_valid()
        html = _render(form)
        self.assertIn('name="p-TOTAL_FORMS"', html)
        self.assertIn("One thing needs a correction:", html)
        self.assertInHTML('<a class="alert-link" href="#id_p-0-ra">Right ascension</a>', html)

    def test_upload_forms_are_sent_as_multipart(self):
        class UploadForm(forms.Form):
            packet = forms.FileField()

        self.assertIn('enctype="multipart/form-data"', _render(UploadForm()))
        self.assertNotIn("enctype", _render(_PointForm()))
