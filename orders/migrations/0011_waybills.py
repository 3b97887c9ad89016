"""Parcels are found by their waybill's number."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0010_words")]
    operations = [
        migrations.AlterField(
            "shipment",
            "number",
            models.CharField(blank=True, db_index=True, max_length=50, verbose_name="tracking number"),
        ),
    ]
