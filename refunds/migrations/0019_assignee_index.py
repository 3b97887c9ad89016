"""What a colleague's part of the queue walks along."""

from datetime import UTC, datetime

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import DateTimeField, F, Q, Value
from django.db.models.functions import Coalesce

DUE = Coalesce("due_at", Value(datetime(9999, 1, 1, tzinfo=UTC), output_field=DateTimeField()))


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("refunds", "0018_assignee")]
    operations = [
        AddIndexConcurrently(
            "ticket",
            models.Index(
                F("assignee"), DUE, F("id").desc(), name="ticket_of_assignee", condition=Q(assignee__isnull=False)
            ),
        )
    ]
