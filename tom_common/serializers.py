"""Serializers of the REST API that belong to no other app."""

from django.contrib.auth.models import Group
from rest_framework import serializers


class GroupSerializer(serializers.ModelSerializer):
    """A group, named by ``id``, by ``name`` or by both; the row itself is looked up by whoever takes it."""

    id = serializers.IntegerField(required=False)
    name = serializers.CharField(max_length=150, required=False)

    class Meta:
        model = Group
        fields = ("id", "name")
