"""The other way round too: an attempt that ended with a fault in this round gets no verdict.

Faults of earlier rounds stay beside the verdict of a resumed attempt: they are its history.
"""

from django.db import migrations

FORWARD = """
CREATE FUNCTION benchserver_no_fault_beside() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM evaluations_faultrecord f
        JOIN evaluations_attempt a ON a.id = f.attempt_id
        JOIN evaluations_evaluation e ON e.id = a.evaluation_id
        WHERE f.attempt_id = NEW.attempt_id AND f.round = e.round
    ) THEN
        RAISE EXCEPTION 'attempt % has ended with a fault', NEW.attempt_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER one_outcome BEFORE INSERT ON evaluations_verdictrecord
    FOR EACH ROW EXECUTE FUNCTION benchserver_no_fault_beside();
"""
BACKWARD = """
DROP TRIGGER one_outcome ON evaluations_verdictrecord;
DROP FUNCTION benchserver_no_fault_beside();
"""


class Migration(migrations.Migration):
    dependencies = (("evaluations", "0003_guards"),)
    operations = (migrations.RunSQL(FORWARD, BACKWARD),)
