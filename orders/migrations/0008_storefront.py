"""The address book, and what is to stand on an invoice."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0007_due"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Address",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("recipient", models.CharField(max_length=100, verbose_name="recipient")),
                ("phone", models.CharField(max_length=30, verbose_name="phone")),
                ("region", models.CharField(blank=True, max_length=100, verbose_name="region")),
                ("address", models.CharField(max_length=390, verbose_name="address")),
                ("label", models.CharField(blank=True, max_length=20, verbose_name="label")),
                ("is_default", models.BooleanField(default=False, verbose_name="default")),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name="created"
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="addresses",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="owner",
                    ),
                ),
            ],
            options={
                "verbose_name": "address",
                "verbose_name_plural": "addresses",
                "ordering": ("-is_default", "-pk"),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("is_default", True)), fields=("owner",), name="address_one_default"
                    ),
                    models.UniqueConstraint(
                        fields=("owner", "recipient", "phone", "region", "address"), name="address_same_place_once"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="InvoiceData",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[("personal", "A person"), ("company", "A company")],
                        max_length=10,
                        verbose_name="invoice for",
                    ),
                ),
                ("title", models.CharField(max_length=100, verbose_name="invoice title")),
                ("tax_number", models.CharField(blank=True, max_length=20, verbose_name="tax number")),
                ("email", models.EmailField(max_length=254, verbose_name="e-mail for the invoice")),
                ("note", models.CharField(blank=True, max_length=200, verbose_name="note")),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
                ("changed_at", models.DateTimeField(auto_now=True, verbose_name="changed")),
                (
                    "order",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="invoice",
                        to="orders.order",
                        verbose_name="order",
                    ),
                ),
            ],
            options={
                "verbose_name": "invoice data",
                "verbose_name_plural": "invoice data",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["personal", "company"])), name="invoicedata_kind_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "personal"), ("tax_number", "")),
                            models.Q(("kind", "company"), models.Q(("tax_number", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="invoicedata_companies_have_tax_numbers",
                    ),
                ],
            },
        ),
    ]
