"""A correction stands beside its verdict; only the moment it counts from comes later."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from benchserver.core.verdict import Verdict

_VERDICTS = [(verdict.value, verdict.value) for verdict in Verdict]
FORWARD = """
CREATE FUNCTION benchserver_correction_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.counts_since IS NOT NULL
       OR (to_jsonb(OLD) - 'counts_since') <> (to_jsonb(NEW) - 'counts_since') THEN
        RAISE EXCEPTION '% is append-only', TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON evaluations_verdictcorrection
    FOR EACH ROW EXECUTE FUNCTION benchserver_correction_stands();
"""
BACKWARD = """
DROP TRIGGER append_only ON evaluations_verdictcorrection;
DROP FUNCTION benchserver_correction_stands();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("evaluations", "0011_told"),
        ("pools", "0006_withdrawal"),
    ]

    operations = [
        migrations.CreateModel(
            name="VerdictCorrection",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("was", models.CharField(choices=_VERDICTS, max_length=16)),
                ("verdict", models.CharField(choices=_VERDICTS, max_length=16)),
                ("ground", models.CharField(max_length=20)),
                ("commitment", models.CharField(max_length=64)),
                ("log_index", models.BigIntegerField()),
                ("salt_data_key", models.CharField(max_length=64)),
                ("salt_sealed", models.BinaryField()),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("counts_since", models.DateTimeField(null=True)),
                (
                    "attempt",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="corrections",
                        to="evaluations.attempt",
                    ),
                ),
            ],
            options={
                "ordering": ("id",),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("verdict", models.F("was")), _negated=True),
                        name="correction_changes_something",
                    )
                ],
            },
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
