from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import JSONField

from tests.house_rules import NIGHT
from tom_common.bulk.values import prepared


def test_json_is_written_by_the_encoder_of_its_column():
    assert prepared(JSONField(encoder=DjangoJSONEncoder), [{"seen": NIGHT}]) == [
        '{"seen": "2026-08-14T04:00:00Z"}'
    ]


def test_json_without_an_encoder_is_written_plainly():
    assert prepared(JSONField(), [{"n": 1}, None, "[]"]) == ['{"n": 1}', None, "[]"]
