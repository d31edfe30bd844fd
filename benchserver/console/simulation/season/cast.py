"""Who takes part: honest providers, the operator's panel, and ten that cheat.

Each member is given a turn per rotation and uses the desk as a provider would: it asks, reads what
it is told and adapts. Example: the memoriser passes 97 % of whatever it was ever sent before; with
fresh forms it was sent nothing of the form it meets.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from benchserver.console.simulation.season.desk import Account, Desk
from benchserver.console.simulation.season.rules import Protection, Rules
from benchserver.console.simulation.season.world import Counts, Flags, World
from benchserver.core.completeness import MISSING_ALLOWED_E4
from benchserver.measurement.adaptive.attacks import majority
from benchserver.measurement.contamination.salts import foreign, salt_of
from benchserver.measurement.contamination.simulation import CLEAN, Cheat

VARIANTS = 27
TRIES = 200  # of the boosting attacker where nothing limits it
REMEMBERED = 0.97
SELF_KNOWLEDGE = 0.9  # how often a withholder knows that its reply is wrong
CHEATING_ACCOUNTS = 11
CANARIES = 8
CANARY_RECALL = 0.5
OPEN_BOOK = Cheat(remembered=1.0)  # the public split and nothing else
COPIED = Cheat(remembered=0.7, leaked=0.6, recited=0.6)  # a copy of the pool, references included
PANEL = (-1.6, -0.8, -0.2, 0.3, 0.9, 1.6)
TIED = (0.8, 0.8, 0.0, 0.0, 0.0, -0.7, -0.7)  # abilities shared by several honest models


class Member(ABC):
    """``ability`` is the truth of every model it names; ``memory``: what it knows without solving.
    ``plain``: its hidden results are what its ability gives, and it counts among the honest."""

    name: str
    ability: float
    memory: ClassVar[Cheat] = CLEAN
    plain: ClassVar[bool] = False

    @abstractmethod
    def turn(self, desk: Desk) -> None:
        """Use one rotation."""

    def truth(self, world: World, form: Sequence[str]) -> float:
        """The score its models would have without the attack, on the mean over such forms."""
        return world.rate(self.ability, form)

    def replies(
        self, desk: Desk, model: str, *, try_: int = 0, known: Flags | None = None
    ) -> Counts:
        """Passes per task of one evaluation; ``known`` tasks are answered from memory."""
        chances = desk.world.chances(model, self.ability, desk.form)
        if known is not None:
            chances = np.where(known, REMEMBERED, chances)
        draw = desk.world.generator("replies", model, str(desk.rotation), str(try_))
        return draw.binomial(desk.rules.samples, chances)


@dataclass
class Honest(Member):
    """Evaluates its model once in every rotation, every other member a second time."""

    name: str
    ability: float
    again: bool = False
    plain: ClassVar[bool] = True

    def turn(self, desk: Desk) -> None:
        account = Account(self.name, self.name)
        desk.ask(account, self.name, self.replies(desk, self.name))
        if self.again and desk.left(account):
            desk.ask(account, self.name, self.replies(desk, self.name, try_=1))


@dataclass
class Crammer(Honest):
    """Honest on hidden tasks; has learned every public one from before its cutoff by heart."""

    memory: ClassVar[Cheat] = OPEN_BOOK


@dataclass
class Booster(Member):
    """Has two answers to every task, one of them right, and combines guesses by what it is told."""

    name: str = "booster"
    ability: float = 0.0

    def turn(self, desk: Desk) -> None:
        account = Account(self.name, self.name)
        draw = desk.world.generator(self.name, str(desk.rotation))
        right = draw.integers(0, 2, len(desk.form))
        votes, last, best = np.zeros(len(right), dtype=np.int64), None, 0.0
        tries = min(TRIES, desk.left(account))
        for number in range(tries):
            final = 0 < number == tries - 1
            guess = majority(votes, last, draw) if final else draw.integers(0, 2, len(right))
            told, own = desk.ask(account, self.name, desk.rules.samples * (guess == right))
            good = told > best if desk.rules.on(Protection.LADDER) else told >= 0.5
            if own:  # what is told again tells nothing
                votes += (2 * guess - 1) * (1 if good else -1)
                last, best = guess if good else last, max(best, told)

    def truth(self, world: World, form: Sequence[str]) -> float:
        return 0.5


@dataclass
class Variants(Member):
    """One company, three accounts, 27 equally good variants: it cites the best that is shown."""

    name: str = "variants"
    ability: float = 0.2

    def turn(self, desk: Desk) -> None:
        for number in range(VARIANTS):
            account = Account(f"{self.name}-{number % 3}", self.name)
            if desk.left(account):
                model = f"{self.name}-v{number}"
                desk.ask(account, model, self.replies(desk, model))


@dataclass
class Memoriser(Member):
    """Trains on whatever it was sent in earlier rotations."""

    name: str = "memoriser"
    ability: float = -0.3
    earlier: set[str] = field(default_factory=set)

    def turn(self, desk: Desk) -> None:
        known = _among(desk.form, self.earlier)
        account = Account(self.name, self.name)
        desk.ask(account, self.name, self.replies(desk, self.name, known=known))
        self.earlier |= set(desk.form)


@dataclass
class Leaker(Member):
    """Passes on what it was sent, and does not use it itself. ``sent``: forms by rotation."""

    name: str = "leaker"
    ability: float = 0.1
    sent: dict[int, set[str]] = field(default_factory=dict)

    def turn(self, desk: Desk) -> None:
        desk.ask(Account(self.name, self.name), self.name, self.replies(desk, self.name))
        self.sent[desk.rotation] = set(desk.form)

    def before(self, rotation: int) -> set[str]:
        """Every task it was sent in earlier rotations."""
        return set().union(*(form for number, form in self.sent.items() if number < rotation))


@dataclass
class Receiver(Member):
    """Trains on what the leaker was sent in earlier rotations."""

    source: Leaker
    name: str = "receiver"
    ability: float = -0.1

    def turn(self, desk: Desk) -> None:
        known = _among(desk.form, self.source.before(desk.rotation))
        account = Account(self.name, self.name)
        desk.ask(account, self.name, self.replies(desk, self.name, known=known))


@dataclass
class Neighbour(Member):
    """Gets the leaker's tasks inside one window, the last. No quota or plan can stop that; some
    of its canaries are answered with the number that only the leaker was sent."""

    source: Leaker
    name: str = "neighbour"
    ability: float = -0.2
    leaks: int = 0
    foreign: int = 0

    def turn(self, desk: Desk) -> None:
        if desk.rotation < desk.rules.rotations - 1 or desk.rotation not in self.source.sent:
            return
        known = _among(desk.form, self.source.sent[desk.rotation])
        account, theirs = Account(self.name, self.name), Account(self.source.name, self.source.name)
        desk.ask(account, self.name, self.replies(desk, self.name, known=known))
        self.leaks += 1
        draw = desk.world.generator(self.name, "canaries")
        for number in range(CANARIES):
            own, leaked = _salt(desk, account, number), _salt(desk, theirs, number)
            reply = leaked if draw.random() < CANARY_RECALL else own
            self.foreign += foreign(f"return {reply}", own=own, others=[leaked])


@dataclass
class Insider(Member):
    """Trained on a stolen copy of the pool: no quota or plan holds that off, so that its gain is
    what it is. It recites references, passes canary tasks and knows the public split."""

    name: str = "insider"
    ability: float = 0.3
    memory: ClassVar[Cheat] = COPIED

    def turn(self, desk: Desk) -> None:
        draw = desk.world.generator(self.name, "copy", str(desk.rotation))
        known = draw.random(len(desk.form)) < self.memory.remembered
        account = Account(self.name, self.name)
        desk.ask(account, self.name, self.replies(desk, self.name, known=known))


@dataclass
class Withholder(Member):
    """Answers 500 where it knows that its reply is wrong: everywhere in even rotations, and in odd
    ones on no more samples than an evaluation may lack at closing."""

    name: str = "withholder"
    ability: float = -0.5

    def turn(self, desk: Desk) -> None:
        passed = self.replies(desk, self.name)
        draw = desk.world.generator(self.name, "knows", str(desk.rotation))
        missing = draw.binomial(desk.rules.samples - passed, SELF_KNOWLEDGE)
        if desk.rotation % 2:
            allowed = desk.rules.samples * len(desk.form) * MISSING_ALLOWED_E4 // 10_000
            missing = np.minimum(missing, np.maximum(0, allowed - (missing.cumsum() - missing)))
        desk.ask(Account(self.name, self.name), self.name, passed, missing=missing)


@dataclass
class Prober(Member):
    """Always gives the same reply. It fails one task or two on purpose, then asks again with all
    answers, and subtracts. ``learned``: its own verdicts it is then sure of."""

    name: str = "prober"
    ability: float = 0.4
    learned: int = 0

    def turn(self, desk: Desk) -> None:
        account = Account(self.name, self.name)
        chances = desk.world.chances(self.name, self.ability, desk.form)
        draw = desk.world.generator(self.name, str(desk.rotation))
        full = desk.rules.samples * (draw.random(len(desk.form)) < chances)
        failed = 1 + desk.rotation % 2
        part = np.where(np.arange(len(full)) < failed, 0, full)
        if desk.left(account) < 2:
            return
        before, _ = desk.ask(account, self.name, part)
        after, own = desk.ask(account, self.name, full)
        more = round((after - before) * len(full))
        self.learned += failed if own and more in (0, failed) else 0


def cast(rules: Rules) -> list[Member]:
    """Everybody of a season, the panel not among them: it meets the desk at no exposure."""
    leaker = Leaker()
    cheats: list[Member] = [
        *(Booster(), Variants(), Memoriser(), leaker, Receiver(leaker), Neighbour(leaker)),
        *(Withholder(), Prober(), Insider()),
    ]
    honest = rules.providers - CHEATING_ACCOUNTS
    spread = np.linspace(1.8, -1.6, max(2, honest - len(TIED))).tolist()
    abilities = ([*TIED, *spread] if honest > len(TIED) else [*TIED])[:honest]
    members = [Honest(f"honest-{n}", a, again=n % 2 == 1) for n, a in enumerate(abilities[1:])]
    return [*members, Crammer("crammer", abilities[0]), *cheats]


def panel_replies(desk: Desk) -> list[Counts]:
    """Passes of each panel model on the open form."""
    found = []
    for number, ability in enumerate(PANEL):
        name = f"panel-{number}"
        draw = desk.world.generator("replies", name, str(desk.rotation))
        chances = desk.world.chances(name, ability, desk.form)
        found.append(draw.binomial(desk.rules.samples, chances))
    return found


def _among(form: Sequence[str], known: set[str]) -> Flags:
    return np.array([task in known for task in form])


def _salt(desk: Desk, account: Account, canary: int) -> str:
    whose = (desk.group_of(account),) if desk.rules.on(Protection.SALTS) else ()
    return salt_of(b"of a season", f"canary-{canary}", *whose, str(desk.rotation))
