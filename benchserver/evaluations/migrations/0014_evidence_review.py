"""Pieces of hidden tests in a reply make a row that a person must look at; it may become an A."""

from django.db import migrations, models

EDGES = """
CREATE OR REPLACE FUNCTION benchserver_evidence_edge() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state <> NEW.state AND (OLD.state || '>' || NEW.state) NOT IN (
        'watched>noticed', {more}'noticed>awaiting', 'noticed>withdrawn', 'awaiting>answered',
        'awaiting>expired', 'awaiting>withdrawn', 'expired>answered', 'answered>published',
        'expired>published', 'answered>withdrawn', 'expired>withdrawn', 'published>withdrawn'
    ) THEN
        RAISE EXCEPTION 'evidence: no way from % to %', OLD.state, NEW.state
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF {same} THEN
        RAISE EXCEPTION 'evidence: what was found is never changed'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
"""
FORWARD = EDGES.format(
    more="'watched>review', 'review>noticed', 'review>withdrawn', ",
    same="(OLD.findings, OLD.beside, OLD.literals) IS DISTINCT FROM\n"
    "       (NEW.findings, NEW.beside, NEW.literals) OR (OLD.grade <> NEW.grade AND NOT\n"
    "       (OLD.state = 'review' AND NEW.state = 'noticed' AND NEW.grade = 'A'))",
)
BACKWARD = EDGES.format(
    more="", same="(OLD.findings, OLD.grade) IS DISTINCT FROM (NEW.findings, NEW.grade)"
)
STATES = (
    "watched",
    "review",
    "noticed",
    "awaiting",
    "answered",
    "expired",
    "published",
    "withdrawn",
)


class Migration(migrations.Migration):
    dependencies = (("evaluations", "0013_pause"),)

    operations = (
        migrations.AddField(
            model_name="evidencerecord", name="beside", field=models.JSONField(default=list)
        ),
        migrations.AddField(
            model_name="evidencerecord",
            name="literals",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.RemoveConstraint(model_name="evidencerecord", name="evidence_state"),
        migrations.RemoveConstraint(
            model_name="evidencerecord", name="evidence_below_the_rule_is_watched"
        ),
        migrations.AddConstraint(
            model_name="evidencerecord",
            constraint=models.CheckConstraint(
                condition=models.Q(state__in=list(STATES)), name="evidence_state"
            ),
        ),
        migrations.AddConstraint(
            model_name="evidencerecord",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ["watched", "review", "withdrawn"]),
                    ("grade__in", ["A", "BB"]),
                    _connector="OR",
                ),
                name="evidence_below_the_rule_is_inside",
            ),
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    )
