from django.db import migrations

from refunds.defaults import complete_reasons


def forwards(apps, schema_editor):
    complete_reasons(apps.get_model("refunds", "Reason"))


class Migration(migrations.Migration):
    dependencies = [("refunds", "0004_every_case")]
    operations = [migrations.RunPython(forwards, migrations.RunPython.noop)]
