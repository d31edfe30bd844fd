"""How a track's newest form hangs on its first: the panel's link, and other methods beside it.

For the operator only. The published link is the panel's; what else is printed is a cross-check on
the tasks that both forms hold, by methods that share nothing with it but the verdicts. Example:
the panel says .41 (.05); the shared tasks, each form fitted apart, moved by .02 (.06): all is well.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from benchserver.core.errors import BadInput, NotAllowed
from benchserver.leaderboard import equated
from benchserver.measurement.equating import conditions, linking
from benchserver.measurement.equating.marginal import fit_common_slope
from benchserver.measurement.equating.table import Table
from benchserver.pools.models import Form, Track


def link_report(track: Track) -> dict[str, Any]:
    """Figures in logits. Raises ``NotAllowed`` where no panel run ties the two forms."""
    forms = Form.objects.filter(track=track).select_related("rotation", "track")
    form = forms.order_by("-rotation__opens_at").first()
    if form is None:
        raise NotAllowed(f"track {track.slug} has had no rotation", code="no_rotation")
    scale = equated.panel_scale(form, equated.reference_form(form))
    if scale is None:
        raise NotAllowed(
            "no panel model has a complete run on both forms",
            code="no_panel_run",
            mend="Run the panel: ./bench panel run --track " + track.slug,
        )
    link, reasons = equated.judged_link(scale, {}, {})
    return {
        "form": form.rotation.slug,
        "first form": scale.base.rotation.slug,
        "harder by": f"{link.shift.value:.3f} ({link.shift.se:.3f})",
        "panel": f"{link.models} models of {link.families} families",
        "tasks the panel tells apart": f"{link.telling:.0%} ({link.hard:.0%} too hard, "
        f"{link.easy:.0%} too easy)",
        "chi2/df": f"{link.dispersion:.2f}",
        "without one model it moves by": f"{link.steady:.3f}",
        "verdict": "; ".join(reason.says for reason in reasons) or "the panel's conditions hold",
        "mend": " ".join(reason.mend for reason in reasons) or "nothing",
        **_shared(scale),
        "difficulties by marginal likelihood": _agreement(scale.calibration.table, scale),
    }


def _shared(scale: equated.Scale) -> dict[str, str]:
    """The shared tasks, each form fitted apart: by how much they moved, by five methods."""
    pair = equated.shared_pair(scale)
    if pair is None:
        return {"shared tasks": "fewer than two; nothing to cross-check with"}
    ref, new = (linking.Items(np.ones(len(b)), b) for b in pair)
    screened = linking.screen_drift(ref=ref.b, new=new.b)
    found = {
        "shared tasks": f"{len(ref.b)}, {int((~screened.kept).sum())} drifted"
        + (", too many: no link" if screened.failed else ""),
        "shared tasks moved by": f"{screened.shift.value:.3f} ({screened.shift.se:.3f})",
    }
    methods = {
        "mean-mean": linking.mean_mean,
        "mean-sigma": linking.mean_sigma,
        "Stocking-Lord": linking.stocking_lord,
        "Haebara": linking.haebara,
    }
    for name, method in methods.items():
        try:
            line = method(ref=ref, new=new)
        except BadInput as refusal:
            found[name] = refusal.problem
        else:
            found[name] = f"{line.slope:.3f} x theta {line.origin:+.3f}"
    return found


def _agreement(counts: Table, scale: equated.Scale) -> str:
    """Correlation of the difficulties with those of the marginal fit to first samples."""
    met = counts.samples > 0
    rate = np.divide(counts.passed, counts.samples, out=np.full(met.shape, np.nan), where=met)
    patterns = np.where(met, (rate >= 0.5).astype(np.float64), np.nan)
    passed = np.nanmean(patterns, axis=0)
    told = (passed > 0) & (passed < 1)
    if told.sum() < conditions.PANEL_MODELS:
        return "too few tasks that some and not all of the panel solve"
    b = fit_common_slope(patterns[:, told]).difficulties
    return f"correlation {np.corrcoef(b, scale.calibration.b[told])[0, 1]:.3f}"
