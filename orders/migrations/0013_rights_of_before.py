"""Whoever works for a shop has other rights than a buyer: the version of theirs says so."""

from django.db import migrations

FORWARDS = """
UPDATE aftersales_user SET rights_version = rights_version + 1
WHERE rights_version = 0 AND id IN (SELECT user_id FROM orders_shopstaff)
"""


class Migration(migrations.Migration):
    dependencies = [("orders", "0012_roles")]
    operations = [migrations.RunSQL(FORWARDS, migrations.RunSQL.noop)]
