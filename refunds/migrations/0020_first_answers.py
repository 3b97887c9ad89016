"""When a seller first answered is read from an index, not from all events of all shops."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("refunds", "0019_assignee_index")]
    operations = [
        AddIndexConcurrently(
            "ticketevent",
            models.Index(fields=("ticket", "at"), name="ticketevent_answers", condition=Q(role="seller")),
        ),
    ]
