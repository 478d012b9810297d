"""Rows of tom_calendar: events and what is to be done for them."""

from __future__ import annotations

from django.db import models


class CalendarEvent(models.Model):
    """Something that happens at a time: a night, a run, a deadline."""

    title = models.CharField(max_length=200)
    description = models.TextField(blank=True, default="")
    start_time = models.DateTimeField()
    end_time = models.DateTimeField()
    url = models.URLField(blank=True, default="")
    target_list = models.ForeignKey(
        "tom_targets.TargetList", on_delete=models.SET_NULL, null=True, blank=True
    )
    user = models.CharField(max_length=200, blank=True, default="")
    proposal = models.CharField(max_length=200, blank=True, default="")
    telescope = models.CharField(max_length=200, blank=True, default="")
    instrument = models.CharField(max_length=200, blank=True, default="")
    created = models.DateTimeField(auto_now_add=True)
    modified = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return self.title


class EventTodo(models.Model):
    """One thing to do for an event."""

    event = models.ForeignKey(CalendarEvent, on_delete=models.CASCADE, related_name="todos")
    description = models.CharField(max_length=200)
    is_completed = models.BooleanField(default=False)
    created = models.DateTimeField(auto_now_add=True)
    modified = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return self.description
