"""A fresh shop has answers to the usual questions."""

from django.db import migrations

from aftersales.help.defaults import install_articles


def forwards(apps, schema_editor):
    install_articles(apps.get_model("help", "Category"), apps.get_model("help", "Article"))


class Migration(migrations.Migration):
    dependencies = [("help", "0001_initial")]
    operations = [migrations.RunPython(forwards, migrations.RunPython.noop)]
