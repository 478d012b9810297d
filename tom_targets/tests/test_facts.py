"""How the numbers of a target read in the facts block and in the list."""

import pytest

from tom_targets.facts import target_facts, understood_position
from tom_targets.tables import COLUMNS
from tom_targets.tests.factories import SiderealTargetFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def southern():
    return SiderealTargetFactory(ra=187.5, dec=-8.5, pm_ra=-3.25)


def test_negative_numbers_carry_a_minus_sign_and_copies_a_hyphen(southern):
    facts = {fact.label: fact for fact in target_facts(southern)}
    assert facts["RA, Dec"].text == "12:30:00.000 \u221208:30:00.00"
    assert facts["RA, Dec"].copy == "12:30:00.000 -08:30:00.00"
    assert facts["in degrees"].text == "187.500000 \u22128.500000"
    assert facts["in degrees"].copy == "187.500000 -8.500000"
    assert facts["Proper motion RA"].text == "\u22123.25 mas/yr"
    assert "-" not in facts["Galactic l, b"].text


def test_declination_in_the_list_carries_a_minus_sign(southern):
    cell = COLUMNS["dec"].text(southern, None, {})
    assert cell == '<span title="\u22128.500000°">\u221208:30:00.0</span>'


def test_understood_position_can_be_typed_again():
    from tom_common.astro.angles import parse_dec_deg

    shown = understood_position(187.5, -8.5)
    assert "\u221208:30:00.00" in shown
    assert parse_dec_deg("\u221208:30:00.00") == -8.5
