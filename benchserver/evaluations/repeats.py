"""Which result a provider is told when it evaluates one model again on one form (D15).

The board shows the first complete evaluation whatever comes later; its provider is told a later
one's hidden result only when it is better by more than one standard error over enough tasks, and
else the result told before, labelled. So asking again gives away no verdict and no luck. Example:
41.2 first and 41.9 at the second try: the second page says 41.2 and names the first evaluation.

Nothing is kept for it: the answer follows from the evaluations that were complete by then, so it
never changes later. Evaluations of another model know nothing of these.
"""

from __future__ import annotations

from benchserver.core.lifecycle import EvaluationState
from benchserver.core.task import Split
from benchserver.evaluations.models import Evaluation
from benchserver.evaluations.score import results, vector
from benchserver.measurement.adaptive.ladder import told


def told_for(evaluation: Evaluation, *, min_cell: int) -> Evaluation:
    """The complete evaluation whose hidden result is told for this complete one; often itself."""
    history = _history(evaluation)
    if len(history) == 1:
        return evaluation
    scores = [vector(results(one, Split.PRIVATE)) for one in history]
    if len(scores[-1]) < max(2, min_cell):
        return evaluation  # nothing is told of so small a form
    return history[told(scores, min_changed=min_cell)]


def _history(evaluation: Evaluation) -> list[Evaluation]:
    """The model's complete evaluations on this form, in the order they ended, up to this one."""
    same = Evaluation.objects.filter(form=evaluation.form_id, model=evaluation.model_id)
    complete = same.filter(state=EvaluationState.COMPLETE).select_related("track", "form")
    found = sorted(complete, key=lambda one: (one.ended_at or one.created_at, one.pk))
    return found[: found.index(evaluation) + 1]
