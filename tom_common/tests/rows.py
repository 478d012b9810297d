"""A table for tests of bulk insertion and keyset pages, made by a fixture and never migrated."""

import uuid

from django.db import models

from tom_common.encryption import EncryptedModelField
from tom_common.models import EncryptableModelMixin, EncryptedProperty


class MeasuredRow(models.Model):
    name = models.CharField(max_length=40)
    time = models.DateTimeField()
    value = models.FloatField(null=True)
    count = models.IntegerField(default=7)
    is_good = models.BooleanField(default=True)
    details = models.JSONField(default=dict)
    picture = models.BinaryField(null=True)
    token = models.UUIDField(default=uuid.uuid4)
    comment = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label = "rows_of_tests"
        constraints = (
            models.UniqueConstraint(fields=["name", "time"], name="measured_row_name_time"),
            models.CheckConstraint(condition=models.Q(count__gte=0), name="measured_row_count"),
        )

    def __str__(self):
        return self.name


class Credentials(models.Model):
    """As a plugin made for TOM Toolkit 3 keeps a secret."""

    name = models.CharField(max_length=20, blank=True)
    api_key = EncryptedModelField(null=True, blank=True)

    class Meta:
        app_label = "rows_of_tests"

    def __str__(self):
        return self.name


class OldCredentials(EncryptableModelMixin):
    """As a plugin made for TOM Toolkit 2 keeps a secret."""

    _password = models.BinaryField(null=True, blank=True)
    password = EncryptedProperty("_password")

    class Meta:
        app_label = "rows_of_tests"

    def __str__(self):
        return f"of {self.user}"
