"""Reasons get what they did not have, and so do tickets on their way to the buyer: before, only goods that had come back
went there."""

from django.db import migrations

from refunds.defaults import complete_reasons


def forwards(apps, schema_editor):
    complete_reasons(apps.get_model("refunds", "Reason"))
    apps.get_model("refunds", "Ticket").objects.filter(state="awaiting_buyer_receipt").update(sending_back=True)


class Migration(migrations.Migration):
    dependencies = [("refunds", "0004_every_case")]
    operations = [migrations.RunPython(forwards, migrations.RunPython.noop)]
