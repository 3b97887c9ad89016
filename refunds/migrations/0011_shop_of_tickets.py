"""Every ticket of before gets the shop of its order."""

from django.db import migrations

FORWARDS = """
UPDATE refunds_ticket SET shop_id = orders_order.shop_id
FROM orders_order WHERE orders_order.id = refunds_ticket.order_id AND refunds_ticket.shop_id IS NULL
"""


class Migration(migrations.Migration):
    dependencies = [("refunds", "0010_ticket_shop")]
    operations = [migrations.RunSQL(FORWARDS, migrations.RunSQL.noop)]
