"""When a clock runs out, by a calendar's holidays."""

from django.db import migrations

# `covered` is up to where holidays have been counted, so that what two of them share counts once. A holiday before which
# the clock has run out ends the search: those after it begin later still.
FORWARDS = """
CREATE FUNCTION orders_due(calendar bigint, start timestamptz, length interval) RETURNS timestamptz
LANGUAGE plpgsql STABLE AS $$
DECLARE
    due timestamptz := start + length;
    covered timestamptz := start;
    holiday record;
BEGIN
    IF calendar IS NULL OR due IS NULL THEN
        RETURN due;
    END IF;
    FOR holiday IN
        SELECT starts_at, ends_at FROM orders_holiday
        WHERE calendar_id = calendar AND in_use AND ends_at > start
        ORDER BY starts_at, ends_at
    LOOP
        EXIT WHEN holiday.starts_at >= due;
        IF holiday.ends_at > covered THEN
            due := due + (holiday.ends_at - greatest(holiday.starts_at, covered));
            covered := holiday.ends_at;
        END IF;
    END LOOP;
    RETURN due;
END
$$;
"""
BACKWARDS = "DROP FUNCTION orders_due(bigint, timestamptz, interval);"


class Migration(migrations.Migration):
    dependencies = [("orders", "0006_policies_whole")]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
