"""A ticket names its order's shop, so that a shop's queue is one walk along an index. First the empty column."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0011_waybills"), ("refunds", "0009_notice_settings")]
    operations = [
        migrations.AddField(
            "ticket",
            "shop",
            models.ForeignKey(
                db_index=False,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="tickets",
                to="orders.shop",
                verbose_name="shop",
            ),
        ),
    ]
