"""What the figures of 0005 have made true, and stays so."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0005_figures")]
    operations = [
        migrations.AddConstraint(
            model_name="policy",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("buyer_receipt__isnull", True), ("dispatch__isnull", True)),
                    models.Q(("buyer_receipt__isnull", False), ("dispatch__isnull", False)),
                    _connector="OR",
                ),
                name="policy_dispatch_whole_or_not_at_all",
            ),
        ),
        migrations.AddConstraint(
            model_name="policy",
            constraint=models.CheckConstraint(
                condition=models.Q(("return_goods__isnull", True), ("dispatch__isnull", False), _connector="OR"),
                name="policy_returns_need_dispatch",
            ),
        ),
        migrations.AddConstraint(
            model_name="policy",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("remind_last__isnull", True),
                    models.Q(("remind_first__gt", models.F("remind_last")), ("remind_first__isnull", False)),
                    _connector="OR",
                ),
                name="policy_last_reminder_comes_later",
            ),
        ),
    ]
