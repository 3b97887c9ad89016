"""Everything that happened before there were notices counts as announced: an update does not mail the past."""

from django.db import migrations

TABLES = ("orders_orderevent", "refunds_ticketevent", "refunds_payoutevent")


class Migration(migrations.Migration):
    dependencies = [("orders", "0003_engine"), ("refunds", "0006_notices")]
    operations = [
        migrations.RunSQL(
            [f"UPDATE {table} SET announced_at = now() WHERE announced_at IS NULL" for table in TABLES],  # noqa: S608
            migrations.RunSQL.noop,
        )
    ]
