"""The reasons that a platform starts with."""

from django.db import migrations

from refunds.defaults import install_reasons


def forwards(apps, schema_editor):
    install_reasons(apps.get_model("refunds", "Reason"))


class Migration(migrations.Migration):
    dependencies = [("refunds", "0001_initial")]
    operations = [migrations.RunPython(forwards, migrations.RunPython.noop)]
