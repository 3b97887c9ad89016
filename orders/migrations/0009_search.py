"""Products are found by any part of their words, in Chinese too: orders.models.search says how."""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations, models
from django.db.models import F, Func, TextField, Value
from django.db.models.functions import Concat

FORWARDS = """
CREATE FUNCTION orders_words(source text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT coalesce(string_agg(
        CASE WHEN ascii(piece) <= 127 THEN piece
        ELSE ' ' || translate(to_hex(ascii(piece)), '0123456789abcdef', 'GHIJKLMNOPABCDEF') || ' ' END,
        '' ORDER BY place
    ), '')
    FROM regexp_split_to_table(lower(source), '') WITH ORDINALITY AS pieces (piece, place)
$$;
"""
BACKWARDS = "DROP FUNCTION orders_words(text);"


def words_of(*parts: models.Expression) -> OpClass:
    whole = Concat(*parts, output_field=TextField())
    return OpClass(Func(whole, function="orders_words", output_field=TextField()), name="gin_trgm_ops")


class Migration(migrations.Migration):
    dependencies = [("orders", "0008_storefront")]
    operations = [
        TrigramExtension(),
        migrations.RunSQL(FORWARDS, BACKWARDS),
        migrations.AddIndex(
            "product",
            GinIndex(words_of(F("title"), Value(" "), F("department"), Value(" "), F("code")), name="product_words"),
        ),
        migrations.AddIndex("sku", GinIndex(words_of(F("code"), Value(" "), F("variant")), name="sku_words")),
    ]
