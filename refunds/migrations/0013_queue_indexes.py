"""What the sellers' queue walks along, and what waybills are found by."""

from datetime import UTC, datetime

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import DateTimeField, F, Q, Value
from django.db.models.functions import Coalesce

DUE = Coalesce("due_at", Value(datetime(9999, 1, 1, tzinfo=UTC), output_field=DateTimeField()))
QUEUE = Q(state__in=["awaiting_seller", "awaiting_inspection", "inspection_failed", "awaiting_dispatch"])


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("refunds", "0012_ticket_shop_kept")]
    operations = [
        AddIndexConcurrently(
            "ticket", models.Index(F("shop"), DUE, F("id").desc(), name="ticket_queue", condition=QUEUE)
        ),
        AddIndexConcurrently(
            "ticket", models.Index(F("shop"), F("state"), DUE, F("id").desc(), name="ticket_of_state")
        ),
        AddIndexConcurrently("ticket", models.Index(F("shop"), DUE, F("id").desc(), name="ticket_of_shop")),
        AddIndexConcurrently("ticket", models.Index(DUE, F("id").desc(), name="ticket_by_due")),
        migrations.AlterField(
            "returnparcel",
            "number",
            models.CharField(db_index=True, max_length=50, verbose_name="tracking number"),
        ),
    ]
