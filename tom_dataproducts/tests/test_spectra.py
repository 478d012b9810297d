"""Spectra: columns from what is stored, the endpoint, who sees it, what it costs, and the tag."""

from datetime import UTC, datetime

import numpy as np
import orjson
import pytest
from django.template import Context, Template
from django.test import RequestFactory
from django.urls import reverse

from tom_dataproducts.models import ReducedDatum, SpectroscopyReducedDatum
from tom_dataproducts.spectra import SpectrumError, joined, spectrum
from tom_dataproducts.spectra_formats import short
from tom_dataproducts.tests.factories import DataProductFactory, SpectrumFactory
from tom_dataproducts.tests.people import ADMITTED, as_user, shared_target
from tom_targets.models import TargetExtra
from tom_targets.tests.factories import SiderealTargetFactory

NIGHT = datetime(2026, 8, 1, 6, 0, tzinfo=UTC)
in_database = pytest.mark.django_db


def url(target):
    return reverse("dataproducts:spectra", args=[target.pk])


class TestColumns:
    def test_units_are_ours_and_points_are_sorted(self):
        found = spectrum(
            [0.6, 0.5],
            [3.0, 2.0],
            error=[0.1, -1.0],
            wavelength_unit="um",
            flux_unit="10^-17 erg/s/cm2/A",
        )
        assert found.wave_a.tolist() == [5000.0, 6000.0]
        assert found.flux == pytest.approx([2e-17, 3e-17])
        assert np.isnan(found.error[0])
        assert found.error[1] == pytest.approx(1e-18)

    def test_bad_points_are_marked_and_those_without_a_wavelength_left_out(self):
        found = spectrum([1.0, 2.0, None, 4.0], [1.0, None, 3.0, 4.0], mask=[0, 0, 0, 1])
        assert found.wave_a.tolist() == [1.0, 2.0, 4.0]
        assert np.isnan(found.flux).tolist() == [False, True, False]
        assert found.is_masked.tolist() == [False, False, True]

    @pytest.mark.parametrize(
        ("columns", "words"),
        [
            ({"wavelength": [1.0, 2.0], "flux": [1.0]}, "2 wavelengths, but 1 values of flux"),
            ({"wavelength": [], "flux": []}, "no points"),
            ({"wavelength": ["a"], "flux": [1.0]}, "no number"),
            ({"wavelength": [[1.0]], "flux": [1.0]}, "no list of numbers"),
            ({"wavelength": [1.0], "flux": [1.0], "wavelength_unit": "eV"}, "'eV' is not known"),
        ],
    )
    def test_what_cannot_be_drawn_says_why(self, columns, words):
        with pytest.raises(SpectrumError, match=words):
            spectrum(columns.pop("wavelength"), columns.pop("flux"), **columns)

    def test_orders_are_joined_with_a_gap(self):
        found = joined([spectrum([5.0, 6.0], [1.0, 1.0]), spectrum([1.0, 2.0], [2.0, 2.0])])
        assert np.nan_to_num(found.wave_a, nan=-1).tolist() == [1.0, 2.0, -1, 5.0, 6.0]

    def test_fluxes_are_short_unless_single_precision_would_lose_them(self):
        assert orjson.dumps(short(np.array([1e-16, np.nan, 0.0])), option=orjson.OPT_SERIALIZE_NUMPY) == (
            b"[1e-16,null,0.0]"
        )
        extreme = np.array([1.23456789e-300, 1.0])
        assert short(extreme).tolist() == extreme.tolist()


@in_database
class TestEndpoint:
    def test_facts_and_points_by_hand(self, client):
        target = SiderealTargetFactory(name="SN", permissions="OPEN")
        TargetExtra.objects.create(target=target, key="Redshift", value="0.05")
        row = SpectrumFactory(
            target=target,
            timestamp=NIGHT,
            exposure_time=900.0,
            error=[1e-17, 1e-17, 1e-17],
            value={"wavelength_medium": "vac", "mask": [0, 1, 0]},
        )
        reply = client.get(url(target)).json()
        assert reply["target"] == "SN"
        assert reply["redshift"] == 0.05
        assert reply["lines"]["groups"][0] == "H"
        (entry,) = reply["spectra"]
        assert entry["key"] == f"s{row.pk}"
        assert entry["label"] == "2026-08-01 06:00 P60 SEDM"
        assert (entry["medium"], entry["frame"], entry["mjd"]) == ("vacuum", "", 61253.25)
        assert entry["points"] == {
            "kind": "flam",
            "wave": [4000.0, 5000.0, 6000.0],
            "flux": [1e-16, 2e-16, 3e-16],
            "error": [1e-17, 1e-17, 1e-17],
            "masked": [1],
        }

    def test_a_broken_spectrum_says_so_and_the_others_are_shown(self, client):
        target = SiderealTargetFactory(permissions="OPEN")
        SpectrumFactory(target=target, flux=[1.0])
        SpectrumFactory(target=target)
        entries = client.get(url(target)).json()["spectra"]
        assert ["points" in entry for entry in entries] == [True, False]
        assert entries[1]["problem"] == "3 wavelengths, but 1 values of flux"

    def test_generic_rows_of_both_old_shapes_are_spectra_too(self, client):
        target = SiderealTargetFactory(permissions="OPEN")
        whole = {"wavelength": [4000.0, 5000.0], "flux": [1.0, 2.0], "flux_units": "mJy"}
        pieces = {"1": {"flux": [1.0], "wavelength": [1.0]}, "2": {"flux": [2.0], "wavelength": [9.0]}}
        for day, value in ((1, whole), (2, pieces)):
            ReducedDatum.objects.create(
                target=target, data_type="spectroscopy", timestamp=NIGHT.replace(day=day), value=value
            )
        second, first = client.get(url(target)).json()["spectra"]
        assert first["points"]["kind"] == "fnu"
        assert first["flux_unit"] == "mJy"
        assert second["points"]["wave"] == [1.0, None, 9.0]

    def test_the_newest_are_sent_first_and_others_when_asked_for(self, client):
        target = SiderealTargetFactory(permissions="OPEN")
        rows = [SpectrumFactory(target=target) for _ in range(10)]
        entries = client.get(url(target)).json()["spectra"]
        assert len(entries) == 10
        assert [entry["key"] for entry in entries if "points" in entry] == [
            f"s{row.pk}" for row in rows[:1:-1]
        ]
        asked = client.get(url(target), {"show": f"s{rows[0].pk},s999999,x'"}).json()["spectra"]
        assert [entry["key"] for entry in asked if "points" in entry] == [f"s{rows[0].pk}"]

    @pytest.mark.parametrize("version", ["v²", "²", "٣"])
    def test_a_version_may_hold_any_digit(self, client, version):
        target = SiderealTargetFactory(permissions="OPEN")
        for name in (version, ""):
            SpectrumFactory(target=target, timestamp=NIGHT, reduction_version=name)
        told = client.get(url(target)).json()["spectra"]
        assert {one["version"]: one["superseded"] for one in told} == {version: False, "": True}

    def test_an_earlier_reduction_is_superseded_and_not_shown(self, client):
        target = SiderealTargetFactory(permissions="OPEN")
        for version in ("v10", "v9"):
            SpectrumFactory(target=target, timestamp=NIGHT, reduction_version=version)
        states = {
            e["version"]: (e["superseded"], "points" in e) for e in client.get(url(target)).json()["spectra"]
        }
        assert states == {"v10": (False, True), "v9": (True, False)}

    def test_spectra_of_another_target_cannot_be_asked_for(self, client):
        hidden = SpectrumFactory(target=SiderealTargetFactory(permissions="PRIVATE"))
        target = SiderealTargetFactory(permissions="OPEN")
        assert client.get(url(target), {"show": f"s{hidden.pk}"}).json()["spectra"] == []

    @pytest.mark.parametrize("change", ["flux", "wavelength", "value", "telescope"])
    def test_nothing_is_sent_again_until_something_changes(self, client, change):
        target = SiderealTargetFactory(permissions="OPEN")
        row = SpectrumFactory(target=target)
        tag = client.get(url(target))["ETag"]
        assert client.get(url(target), headers={"if-none-match": tag}).status_code == 304
        new = {
            "flux": [9.0, 9.0, 9.0],
            "wavelength": [1.0, 2.0, 3.0],
            "value": {"mask": [1, 0, 0]},
            "telescope": "x",
        }
        SpectroscopyReducedDatum.objects.filter(pk=row.pk).update(**{change: new[change]})
        assert client.get(url(target), headers={"if-none-match": tag}).status_code == 200

    @pytest.mark.parametrize("permissions", ADMITTED)
    def test_who_sees_the_target_sees_its_spectra(self, client, people, permissions):
        target = shared_target(people, permissions)
        product = DataProductFactory(target=target)
        SpectrumFactory(target=target, data_product=product)
        for address in (url(target), reverse("dataproducts:spectrum", args=[product.pk])):
            admitted = {
                name
                for name, user in people[0].items()
                if as_user(client, user).get(address).status_code == 200
            }
            assert admitted == ADMITTED[permissions]

    def test_it_costs_the_same_for_one_and_for_ten(self, client, django_assert_num_queries):
        few, many = (SiderealTargetFactory(permissions="OPEN") for _ in range(2))
        SpectrumFactory(target=few)
        for _ in range(10):
            SpectrumFactory(target=many)
        for target in (few, many):
            with django_assert_num_queries(5):  # target, typed facts, generic facts, points, redshift
                client.get(url(target))


@in_database
class TestTag:
    def render(self, user, target, arguments=""):
        request = RequestFactory().get("/")
        request.user = user
        template = Template(
            f"{{% load dataproduct_extras %}}{{% spectroscopy_for_target target {arguments} %}}"
        )
        return template.render(Context({"target": target, "request": request}))

    def test_it_brings_the_viewer_for_a_target_and_for_one_product(self, people):
        target = shared_target(people, "PRIVATE")
        product = DataProductFactory(target=target)
        SpectrumFactory(target=target, data_product=product)
        assert f'data-url="{url(target)}"' in self.render(people[0]["owner"], target)
        for argument in ("product", "product.pk"):
            tag = f"{{% spectroscopy_for_target target dataproduct={argument} %}}"
            context = Context({"target": target, "product": product, "user": people[0]["owner"]})
            text = Template(f"{{% load dataproduct_extras %}}{tag}").render(context)
            assert f'data-url="{url(target)}?product={product.pk}"' in text

    def test_strangers_see_nothing_of_a_private_target(self, people):
        target = shared_target(people, "PRIVATE")
        SpectrumFactory(target=target)
        assert self.render(people[0]["stranger"], target).strip() == ""
