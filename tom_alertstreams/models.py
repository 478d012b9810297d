"""Rows of tom_alertstreams: how far each stream was read, how it is, and messages that could not be used."""

from __future__ import annotations

from django.db import models


class StreamOffset(models.Model):
    """How far a consumer group has read a partition; written in one transaction with what was read."""

    group = models.CharField(max_length=255)
    topic = models.CharField(max_length=255)
    partition = models.PositiveIntegerField()
    next_offset = models.BigIntegerField(help_text="Of the first message that is not stored yet.")
    updated = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["group", "topic", "partition"], name="stream_offset_once")
        ]

    def __str__(self) -> str:
        return f"{self.group} {self.topic}[{self.partition}] {self.next_offset}"


class StreamTopic(models.Model):
    """Which topic of a name a consumer group has read: one that is made anew has another identity."""

    group = models.CharField(max_length=255)
    topic = models.CharField(max_length=255)
    identity = models.CharField(max_length=40, help_text="Given by Kafka when the topic is made.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["group", "topic"], name="stream_topic_once")]

    def __str__(self) -> str:
        return f"{self.group} {self.topic} {self.identity}"


class StreamState(models.Model):
    """How a process that reads a stream is."""

    class Word(models.TextChoices):
        CONNECTING = "connecting", "Connecting"
        READING = "reading", "Reading"
        WAITING = "waiting", "Waiting for its broker"
        STOPPED = "stopped", "Stopped"
        UNUSABLE = "unusable", "Its settings cannot be used"

    stream = models.CharField(max_length=255)
    process = models.CharField(max_length=200, help_text="host:pid")
    group = models.CharField(max_length=255, default="", help_text="Under which its dead letters are kept.")
    topics = models.JSONField(default=list)
    by_topic = models.JSONField(
        default=dict, help_text="Of each topic: messages, lag, and last_message_at as ISO text."
    )
    word = models.CharField(max_length=12, choices=Word, default=Word.CONNECTING)
    messages = models.BigIntegerField(default=0)
    dead = models.BigIntegerField(default=0)
    per_second = models.FloatField(default=0.0, help_text="Messages a second over the last interval.")
    lag = models.BigIntegerField(null=True, help_text="Messages at the broker that are not read yet.")
    last_message_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True, default="")
    heartbeat_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["stream", "process"], name="stream_state_once")]

    def __str__(self) -> str:
        return f"{self.stream} ({self.get_word_display()})"


class StreamCount(models.Model):
    """How many messages a stream took in ten minutes, all its processes together."""

    stream = models.CharField(max_length=255)
    begin = models.DateTimeField(help_text="Of the ten minutes.")
    messages = models.BigIntegerField(default=0)
    dead = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["stream", "begin"], name="stream_count_once")]

    def __str__(self) -> str:
        return f"{self.stream} {self.begin:%Y-%m-%d %H:%M}: {self.messages}"


class DeadLetter(models.Model):
    """A message that could not be used, with its bytes and the reason; it can be played again."""

    group = models.CharField(max_length=255)
    topic = models.CharField(max_length=255)
    partition = models.PositiveIntegerField()
    offset = models.BigIntegerField()
    timestamp_ms = models.BigIntegerField(null=True, help_text="Unix time of the message in ms; null: none.")
    key = models.BinaryField(null=True)
    value = models.BinaryField()
    headers = models.JSONField(default=list, help_text="Pairs of a name and its bytes as hexadecimal digits.")
    reason = models.TextField()
    created = models.DateTimeField(auto_now_add=True, db_index=True)
    replayed = models.DateTimeField(null=True)
    in_hand_since = models.DateTimeField(null=True, help_text="Since when a replay has it in hand.")

    class Meta:
        ordering = ("-created", "-pk")
        indexes = [models.Index(fields=["group", "topic", "offset"], name="dead_letter_place")]

    def __str__(self) -> str:
        return f"{self.topic}[{self.partition}] {self.offset}: {self.reason}"


class UnkeptLetters(models.Model):
    """How many messages of a topic could not be used and were not kept, since too many are kept already."""

    group = models.CharField(max_length=255)
    topic = models.CharField(max_length=255)
    count = models.BigIntegerField(default=0)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    reason = models.TextField(default="", help_text="Why the last of them could not be used.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["group", "topic"], name="unkept_letters_once")]

    def __str__(self) -> str:
        return f"{self.topic}: {self.count} not kept"
