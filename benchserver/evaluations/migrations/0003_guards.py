"""Attempts and evaluations move only along their lifecycle; verdicts are never changed.

The edges are those of ``core/lifecycle.py`` (a test compares them). An attempt that has a verdict
gets no fault and the other way round: one outcome, of one type.
"""

from django.db import migrations

FORWARD = """
CREATE FUNCTION benchserver_evaluation_edge() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state <> NEW.state AND (OLD.state || '>' || NEW.state) NOT IN (
        'running>complete', 'running>incomplete', 'running>cancelled',
        'incomplete>running', 'incomplete>cancelled'
    ) THEN
        RAISE EXCEPTION 'evaluation: no way from % to %', OLD.state, NEW.state
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER evaluation_edge BEFORE UPDATE ON evaluations_evaluation
    FOR EACH ROW EXECUTE FUNCTION benchserver_evaluation_edge();
CREATE FUNCTION benchserver_attempt_edge() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state <> NEW.state AND (OLD.state || '>' || NEW.state) NOT IN (
        'ready>leased', 'leased>ready', 'leased>sent', 'leased>faulted', 'sent>generated',
        'sent>ready', 'sent>ambiguous', 'sent>judged', 'sent>faulted', 'ready>faulted',
        'ambiguous>faulted', 'ambiguous>leased', 'leased>ambiguous', 'generated>judging',
        'judging>judged', 'judging>generated', 'judging>faulted', 'faulted>ready',
        'faulted>generated', 'ready>cancelled', 'leased>cancelled', 'sent>cancelled',
        'ambiguous>cancelled', 'generated>cancelled', 'judging>cancelled',
        'faulted>cancelled'
    ) THEN
        RAISE EXCEPTION 'attempt: no way from % to %', OLD.state, NEW.state
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER attempt_edge BEFORE UPDATE ON evaluations_attempt
    FOR EACH ROW EXECUTE FUNCTION benchserver_attempt_edge();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON evaluations_verdictrecord
    FOR EACH ROW EXECUTE FUNCTION benchserver_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON evaluations_faultrecord
    FOR EACH ROW EXECUTE FUNCTION benchserver_append_only();
CREATE FUNCTION benchserver_one_outcome() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM evaluations_verdictrecord WHERE attempt_id = NEW.attempt_id) THEN
        RAISE EXCEPTION 'attempt % has a verdict already', NEW.attempt_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER one_outcome BEFORE INSERT ON evaluations_faultrecord
    FOR EACH ROW EXECUTE FUNCTION benchserver_one_outcome();
"""
BACKWARD = """
DROP TRIGGER one_outcome ON evaluations_faultrecord;
DROP FUNCTION benchserver_one_outcome();
DROP TRIGGER append_only ON evaluations_faultrecord;
DROP TRIGGER append_only ON evaluations_verdictrecord;
DROP TRIGGER attempt_edge ON evaluations_attempt;
DROP FUNCTION benchserver_attempt_edge();
DROP TRIGGER evaluation_edge ON evaluations_evaluation;
DROP FUNCTION benchserver_evaluation_edge();
"""


class Migration(migrations.Migration):
    dependencies = (("evaluations", "0002_initial"), ("audit", "0002_append_only"))
    operations = (migrations.RunSQL(FORWARD, BACKWARD),)
