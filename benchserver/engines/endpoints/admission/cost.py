"""What would a full evaluation cost, in money, tokens and time? An estimate, said to be one.

Prompt tokens come from the track's public tasks, answer tokens from the toy program the endpoint
wrote, the upper bound from the output limit. Example: 240 attempts of 300 tokens in and 400 out at
3 and 15 USD per million: about 1.66 USD. Money is integer micro-USD, rounded up.
"""

from __future__ import annotations

from statistics import median

from benchserver.engines.endpoints.admission.findings import Figure, Finding, Level, fine
from benchserver.engines.endpoints.admission.probing import Board, Circumstances, Probing

_MILLION = 1_000_000


def cost(probing: Probing) -> Finding:
    given = probing.given
    if not given.boards:
        return fine("cost", "No rotation is open now, so there is nothing to estimate.")
    out = max((reply.usage.tokens_out for reply in probing.replies), default=0)
    seconds = median(reply.seconds for reply in probing.replies)
    figures: dict[str, Figure] = {}
    said = []
    for board in given.boards:
        likely, most = micro_usd(given, board, out), micro_usd(given, board, board.max_tokens)
        minutes = -(-board.attempts * seconds / given.max_concurrency // 60)
        tokens = board.attempts * (board.prompt_tokens + out)
        figures[f"{board.name}: tokens"] = tokens
        figures[f"{board.name}: minutes"] = int(minutes)
        if likely is not None and most is not None:
            figures[f"{board.name}: micro-USD"] = likely
            figures[f"{board.name}: micro-USD at most"] = most
            said.append(
                f"{board.name}: about {likely / _MILLION:.2f} USD, at most "
                f"{most / _MILLION:.2f} USD"
            )
        else:
            said.append(f"{board.name}: about {tokens:,} tokens")
    if given.price_in is None or given.price_out is None:
        return Finding(
            check="cost",
            level=Level.WARNING,
            code="no_prices",
            says=f"A full evaluation, estimated. {'; '.join(said)}.",
            cause="The endpoint has no prices, so its cost cannot be told.",
            mend="Set price_in and price_out (micro-USD per million tokens).",
            figures=figures,
        )
    says = f"A full evaluation, estimated. {'; '.join(said)}."
    return Finding(check="cost", level=Level.OK, code="ok", says=says, figures=figures)


def micro_usd(given: Circumstances, board: Board, tokens_out: int) -> int | None:
    """All attempts of a board, rounded up; None without prices."""
    if given.price_in is None or given.price_out is None:
        return None
    each = board.prompt_tokens * given.price_in + tokens_out * given.price_out
    return -(-board.attempts * each // _MILLION)
