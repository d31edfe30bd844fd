"""The panel at a glance: per track, which reference model ran which form, and why a board stands
"not comparable", with what mends it.

For the operator's page and command only. Example: oak-1 complete on both forms, elm-2 missing here
because its endpoint is paused; verdict "5 panel models, 6 are needed", mend "Register more models".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchserver.core.lifecycle import RotationState
from benchserver.evaluations.panel import Progress, standings
from benchserver.leaderboard import equated
from benchserver.leaderboard.reissue import last_snapshot
from benchserver.pools.models import Form, Track


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """``here``, ``there``: progress on the newest form and on the first one; ``why``: what is in
    the way of the first of them that is missing."""

    model: str
    family: str
    here: str
    there: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lack:
    says: str
    mend: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """``lacks``: why the link does not carry; ``board``: what the newest snapshot of the form says,
    empty where it compares or where there is none; ``stuck``: an open form misses a run that the
    schedule will not start."""

    track: str
    form: str
    first: str
    open: bool
    lines: tuple[Line, ...]
    lacks: tuple[Lack, ...]
    board: str
    stuck: bool


def panel_sheets(tracks: Iterable[Track] | None = None) -> list[Sheet]:
    """One per track that has had a rotation; ``None``: all tracks."""
    chosen = Track.objects.order_by("slug") if tracks is None else tracks
    found = []
    for track in chosen:
        forms = Form.objects.filter(track=track).select_related("rotation", "track")
        form = forms.order_by("-rotation__opens_at").first()
        if form is not None:
            found.append(_sheet(form))
    return found


def _sheet(form: Form) -> Sheet:
    base = equated.reference_form(form)
    here = standings(form)
    there = here if base.pk == form.pk else standings(base)
    lines = []
    for new, old in zip(here, there, strict=True):
        lines.append(
            Line(
                model=new.member.model.slug,
                family=new.member.family,
                here=new.progress.value,
                there=old.progress.value,
                why=new.why or old.why,
            )
        )
    is_open = form.rotation.state == RotationState.OPEN
    return Sheet(
        track=form.track.slug,
        form=form.rotation.slug,
        first=base.rotation.slug,
        open=is_open,
        lines=tuple(lines),
        lacks=tuple(_lacks(form, base)),
        board=_board(form),
        stuck=is_open and any(each.progress is Progress.MISSING for each in here),
    )


def _lacks(form: Form, base: Form) -> Sequence[Lack]:
    if base.protocol_digest != form.protocol_digest:
        mend = "Nothing: another protocol is another scale. Publish under a track of its own."
        return [Lack(says="the first form was run under another protocol", mend=mend)]
    scale = equated.panel_scale(form, base)
    if scale is None:
        mend = "Wait for the runs above, or do what is in their way."
        return [Lack(says=equated.unlinked(form, base), mend=mend)]
    _, reasons = equated.judged_link(scale, {}, {})
    return [Lack(says=reason.says, mend=reason.mend) for reason in reasons]


def _board(form: Form) -> str:
    last = last_snapshot(track=form.track.slug, rotation=form.rotation.slug)
    return "; ".join(last.board["equating"]["reasons"]) if last is not None else ""


def sheet_lines(found: Sheet) -> list[str]:
    """A sheet for people at a terminal."""
    head = f"{found.track}: {found.form} on the first form {found.first}"
    lines = [head]
    for line in found.lines:
        both = line.here if found.form == found.first else f"{line.here}, first form {line.there}"
        why = f": {line.why}" if line.why else ""
        lines.append(f"  {line.model}  {line.family}  {both}{why}")
    if not found.lines:
        lines.append("  the panel has no model: ./bench panel add")
    lines += [f"  not comparable: {each.says}. {each.mend}" for each in found.lacks]
    if not found.lacks:
        lines.append("  the panel's conditions hold")
    return lines
