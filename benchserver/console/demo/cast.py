"""Who plays in the demo: four made-up models, each a real HTTP server with an answer book.

Their skills are set here and nowhere else; what the board shows is measured. Example: ``gull``
knows the public tasks by heart and little else, so its public-minus-private gap must show;
``petrel`` answers 429 and 500 now and then, and none of that may be scored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from benchserver.engines.endpoints.reference_answers import Persona


@dataclass(frozen=True, slots=True, kw_only=True)
class Player:
    provider: str
    model: str
    persona: Persona
    latency: float
    open_weights: bool
    price_in: int  # micro-USD per million tokens
    price_out: int
    fail_rates: Mapping[int, float] = field(default_factory=dict)
    max_concurrency: int = 4


CAST = (
    Player(
        provider="Harbour Lights",
        model="albatross",
        persona=Persona(skill=0.92, seed=11),
        latency=0.4,
        open_weights=False,
        price_in=3_000_000,
        price_out=15_000_000,
    ),
    Player(
        provider="Skerry Research",
        model="petrel",
        persona=Persona(skill=0.66, seed=23),
        latency=0.3,
        open_weights=True,
        price_in=400_000,
        price_out=1_600_000,
        fail_rates={429: 0.08, 500: 0.06},
    ),
    Player(
        provider="Tidewater AI",
        model="gull",
        persona=Persona(skill=0.30, seed=37, known_split="public"),
        latency=0.3,
        open_weights=False,
        price_in=1_000_000,
        price_out=4_000_000,
    ),
    Player(
        provider="Small Boats",
        model="wren",
        persona=Persona(skill=0.32, seed=41),
        latency=0.2,
        open_weights=True,
        price_in=50_000,
        price_out=200_000,
    ),
)
