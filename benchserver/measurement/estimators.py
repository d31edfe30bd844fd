"""The name of every number: which method, in which version, a published figure was made by.

A figure on a page or in a snapshot carries ``id@version``; this table says what that means, who
described it first, which function does it and which answer it is checked against. A method whose
answers change gets a new version here, so that old snapshots keep saying what made them. Example:
``label("task-mean")`` is ``task-mean@1``.

``function`` is ``module:name`` below ``benchserver``. Its docstring names the source and a known
answer, and a test reads it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from benchserver.core.errors import BadInput


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimator:
    """``source``: paper or standard with its year; ``known_answer``: one that a test reproduces."""

    id: str
    title: str
    source: str
    function: str
    known_answer: str
    version: int = 1

    @property
    def label(self) -> str:
        return f"{self.id}@{self.version}"


def label(name: str) -> str:
    """``id@version`` of an estimator. Raises ``BadInput`` for an id that is not in the table."""
    if name not in ESTIMATORS:
        raise BadInput(f"no estimator is called {name}", place="estimators")
    return ESTIMATORS[name].label


def by_id(estimators: Iterable[Estimator]) -> Mapping[str, Estimator]:
    """The table keyed by id. Raises ``BadInput`` when two have the same."""
    table: dict[str, Estimator] = {}
    for estimator in estimators:
        if estimator.id in table:
            raise BadInput(f"two estimators are called {estimator.id}", place="estimators")
        table[estimator.id] = estimator
    return table


_SCORES = (
    Estimator(
        id="task-mean",
        title="Mean of passes over samples, every task the same weight",
        source="Miller 2024, arXiv 2411.00640",
        function="measurement.means:score",
        known_answer="111000110111 in four families: .666666666667, error .235702260396",
    ),
    Estimator(
        id="pass-at-k",
        title="Unbiased chance that one of k samples passes",
        source="Chen et al. 2021, arXiv 2107.03374",
        function="measurement.means:pass_at_k",
        known_answer="3 of 10, k = 5: .916666666667",
    ),
    Estimator(
        id="clustered-error",
        title="Standard error over families of tasks, with the small-sample factor CR1",
        source="Miller 2024, arXiv 2411.00640",
        function="measurement.means:clustered_mean",
        known_answer="111000110111 in four families: .235702260396",
    ),
    Estimator(
        id="told-error",
        title="Standard error of a hidden score: clustered, or the largest its results allow",
        source="Miller 2024, arXiv 2411.00640; the rule of docs/statistics.md, 2026",
        function="measurement.bounded:told_score",
        known_answer="111000110111 in four families: .272165526976",
    ),
    Estimator(
        id="discrete-laplace",
        title="A count with noise that was drawn once: a whole number, two-sided and geometric",
        source="Ghosh, Roughgarden and Sundararajan 2009; Canonne, Kamath and Steinke 2020",
        function="measurement.noise:discrete_laplace",
        known_answer="scale 1: 0 with chance .462117157260",
    ),
    Estimator(
        id="discrete-laplace-sd",
        title="How wide that noise is",
        source="Ghosh, Roughgarden and Sundararajan 2009",
        function="measurement.noise:laplace_sd",
        known_answer="scale 1: 1.356962485602; scale 10: 14.136244785431",
    ),
    Estimator(
        id="noisy-share",
        title="A share with noise in it and an interval that knows of it",
        source="Agresti and Coull 1998; Dwork, McSherry, Nissim and Smith 2006",
        function="measurement.noise:noisy_share",
        known_answer="15 of 30 at epsilon 1: .5, error .101878725227",
    ),
    Estimator(
        id="privacy-spent",
        title="Privacy budget: the most that any one task bore, epsilons added up",
        source="Dwork, McSherry, Nissim and Smith 2006",
        function="measurement.noise:privacy_spent",
        known_answer="{1, 2}, {3, 4} and {2, 3} at 1 each: 2",
    ),
    Estimator(
        id="t-interval",
        title="Mean and t interval on families less one degrees of freedom",
        source="Miller 2024, arXiv 2411.00640",
        function="measurement.means:mean_score",
        known_answer="111000110111 in four families: [0, 1] after the cut, t with 3 df",
    ),
    Estimator(
        id="bernoulli-error",
        title="Error of a published score without its tasks",
        source="Miller 2024, arXiv 2411.00640",
        function="measurement.means:bernoulli_error",
        known_answer="65.5 % of 5000: .00672",
    ),
    Estimator(
        id="wilson",
        title="Interval of one proportion",
        source="Wilson 1927",
        function="measurement.means:wilson",
        known_answer="8 of 10: [.490162471537, .943317848546]",
    ),
    Estimator(
        id="clopper-pearson",
        title="Exact interval of one proportion, for gates",
        source="Clopper and Pearson 1934",
        function="measurement.scores:clopper_pearson",
        known_answer="0 of 10: [0, .308497]",
    ),
    Estimator(
        id="variance-split",
        title="Spread between tasks and spread between one task's samples",
        source="Miller 2024, arXiv 2411.00640",
        function="measurement.scores:variance_split",
        known_answer="2, 1, 0 of 2 samples: omega^2 1/6, sigma^2 1/6",
    ),
    Estimator(
        id="cluster-bootstrap",
        title="Percentile interval from families drawn with replacement",
        source="Efron and Tibshirani 1993",
        function="measurement.scores:cluster_bootstrap",
        known_answer="fewer than 20 families: refused",
    ),
    Estimator(
        id="gap",
        title="Public minus private score",
        source="Welch 1947",
        function="measurement.scores:gap",
        known_answer="168 of 200 against 132 of 200: .18, z 4.25",
    ),
    Estimator(
        id="best-of-n",
        title="How far the best of N equal tries lies above the truth",
        source="Tippett 1925",
        function="measurement.scores:expected_best_of",
        known_answer="10 tries: 1.539 standard errors",
    ),
)

_PAIRS = (
    Estimator(
        id="paired-difference",
        title="Difference of two models task by task, clustered",
        source="Miller 2024, arXiv 2411.00640",
        function="measurement.pairs:paired_difference",
        known_answer="14 against 6 of 100: .08, error .0442216638714",
    ),
    Estimator(
        id="shared-pairs",
        title="Difference of two models on the tasks both have, with clustered error",
        source="Miller 2024, arXiv 2411.00640",
        function="measurement.incomplete:compare_shared",
        known_answer="A alone solves 14 of 100, B alone 6: .08, error .0442216638714",
    ),
    Estimator(
        id="mcnemar-exact",
        title="Exact test on the tasks only one of two models solved",
        source="McNemar 1947",
        function="measurement.pairs:mcnemar_exact",
        known_answer="14 against 6: .11531829834",
    ),
    Estimator(
        id="mcnemar-mid-p",
        title="Mid-p variant of McNemar's test",
        source="Fagerland, Lydersen and Laake 2013",
        function="measurement.pairs:mcnemar_mid_p",
        known_answer="14 against 6: .0783538818359",
    ),
    Estimator(
        id="newcombe",
        title="Interval of the difference of two unpaired proportions",
        source="Newcombe 1998, method 10",
        function="measurement.pairs:newcombe",
        known_answer="62 of 100 against 41 of 100: [.0715, .3375]",
    ),
    Estimator(
        id="detectable-difference",
        title="Smallest difference a paired test finds with 80 % power, from planning values",
        source="Miller 2024, arXiv 2411.00640",
        function="measurement.power:detectable_difference",
        known_answer="50 tasks, 1 sample: .264",
    ),
    Estimator(
        id="observed-resolution",
        title="Smallest difference a board's own pairs let a paired test find with 80 % power",
        source="Miller 2024, arXiv 2411.00640",
        function="measurement.power:observed_resolution",
        known_answer="1100 against 1010, single samples: 1.698689",
    ),
    Estimator(
        id="tasks-needed",
        title="Tasks that find a difference with 80 % power",
        source="Miller 2024, arXiv 2411.00640",
        function="measurement.power:tasks_needed",
        known_answer="a difference of .03: 968.997",
    ),
)

_RANKS = (
    Estimator(
        id="holm",
        title="p-values adjusted for all pairs of a board",
        source="Holm 1979",
        function="measurement.multiplicity:holm",
        known_answer=".01, .04, .03: .03, .06, .06",
    ),
    Estimator(
        id="max-t",
        title="p-values adjusted for all pairs of a large board by turning the signs of families",
        source="Romano and Wolf 2016",
        function="measurement.resampling:max_t",
        known_answer="10 of 10 tasks the same way: 2 / 2^10",
    ),
    Estimator(
        id="benjamini-hochberg",
        title="p-values adjusted for the share of false findings, for looking around only",
        source="Benjamini and Hochberg 1995",
        function="measurement.multiplicity:benjamini_hochberg",
        known_answer=".01, .04, .03: .03, .04, .04",
    ),
    Estimator(
        id="upper-bound-rank",
        title="One more than the models whose interval lies wholly above, a courtesy",
        source="Chiang et al. 2024, arXiv 2403.04132",
        function="measurement.ranks:upper_bound_ranks",
        known_answer="six models on 60 tasks: 1, 1, 1, 1, 1, 6",
    ),
    Estimator(
        id="rank-intervals",
        title="Best and worst rank, for all models at once",
        source="Mogstad, Romano, Shaikh and Wilhelm 2023",
        function="measurement.ranks:rank_intervals",
        known_answer="six models on 60 tasks: [1, 5] five times and [6, 6]",
    ),
    Estimator(
        id="leader-tiers",
        title="Tie groups: a new one opens where a model differs from the group's leader",
        source="the rule stated in docs/statistics.md, 2026",
        function="measurement.ranks:tiers",
        known_answer="six models on 60 tasks: {1, 3, 2, 5, 4}, {6}",
    ),
    Estimator(
        id="samples-settled",
        title="After how many samples no further one could change a tier, 1 % error",
        source="Lan, Simon and Halperin 1982",
        function="measurement.stopping:settled_after",
        known_answer="one sample a task: never",
    ),
    Estimator(
        id="copeland",
        title="Wins minus losses head to head, for display order",
        source="Copeland 1951",
        function="measurement.ranks:copeland",
        known_answer="means .767 .700 .733 .583 .650 .300: 5, 1, 3, -3, -1, -5",
    ),
)

_REPLIES = (
    Estimator(
        id="model-equality",
        title="Do two samples of replies come from one model",
        source="Gao, Liang and Guestrin 2025",
        function="measurement.equality:equality_test",
        known_answer="(1, 1), (1, 2) against (1, 1), (2, 2): MMD^2 -1",
    ),
    Estimator(
        id="border-inputs",
        title="Do two samples of short answers come as often, word by word",
        source="B3IT, ICML 2026",
        function="measurement.equality:border_test",
        known_answer="1 1 2 2 against 3 3 3 3: mean total variation 1",
    ),
    Estimator(
        id="trailing-alarm",
        title="Have daily short answers left their own last fourteen days",
        source="B3IT, ICML 2026",
        function="measurement.trailing:trailing_alarm",
        known_answer="fourteen days of .11, then .7333 thrice: alarm on the third",
    ),
    Estimator(
        id="near-duplicates",
        title="Pairs of tasks that share most of their shingles",
        source="Broder 1997",
        function="measurement.similarity:near_duplicates",
        known_answer="a Jaccard index of .7 is caught with probability .995",
    ),
)

_CONTAMINATION = (
    Estimator(
        id="cliff-controls",
        title="Fall at the declared cutoff, less that of control models",
        source="Woolf 1955",
        function="measurement.contamination.cliff:difference_in_differences",
        known_answer="62/100, 41/100 against 150/300, 138/300: .693170952445, p .01854",
    ),
    Estimator(
        id="cliff-residuals",
        title="Fall at the declared cutoff with each task's difficulty taken out",
        source="Fisher 1935",
        function="measurement.contamination.cliff:residual_shift",
        known_answer="five tasks all above five others: p 1/252",
    ),
    Estimator(
        id="cliff-strata",
        title="Passes before and after, pooled over strata of difficulty",
        source="Mantel and Haenszel 1959",
        function="measurement.contamination.cliff:mantel_haenszel",
        known_answer="one stratum: the plain odds ratio",
    ),
    Estimator(
        id="gap-residuals",
        title="Residuals on public less on private tasks, less the panel's own",
        source="Satterthwaite 1946",
        function="measurement.contamination.gaps:residual_gap",
        known_answer="two tasks a split, panel .6 .4 and .4 .6, own 1 .8 and .2 .4: adjusted .6",
    ),
    Estimator(
        id="gap-vs-panel",
        title="Public minus private score, less the panel's own gaps",
        source="Student 1908",
        function="measurement.contamination.gaps:against_panel",
        known_answer="168/200 against 132/200: statistic 2.9587, p .0158",
    ),
    Estimator(
        id="canary-passes",
        title="Passes of unsolvable tasks above what the panel leaves possible",
        source="Clopper and Pearson 1934",
        function="measurement.contamination.canaries:honest_rate",
        known_answer="0 of 400: .00746",
    ),
    Estimator(
        id="canary-posterior",
        title="Chance of a leak after the canaries, from a stated prior",
        source="Bayes 1763",
        function="measurement.contamination.canaries:posterior",
        known_answer="2 of 10 at .005 against .3, prior .05: .9192",
    ),
    Estimator(
        id="foreign-salt",
        title="A salt given back by a model that was never sent it",
        source="Karp and Rabin 1987",
        function="measurement.contamination.salts:foreign",
        known_answer="another group's salt in a reply: found",
    ),
    Estimator(
        id="twins",
        title="Originals solved without their rewritten twins, against the panel",
        source="McNemar 1947",
        function="measurement.contamination.twins:twin_test",
        known_answer="18 and 5: .0053110122681",
    ),
    Estimator(
        id="regurgitation",
        title="Share of the reference's fingerprints that a reply holds",
        source="Schleimer, Wilkerson and Aiken 2003",
        function="measurement.contamination.winnowing:overlap",
        known_answer="a renamed copy: 1",
    ),
    Estimator(
        id="hidden-literals",
        title="Long literals of the hidden tests that a reply holds and nothing shown does",
        source="GPT-4 technical report 2023",
        function="measurement.contamination.winnowing:leaked_literals",
        known_answer="an expected string that nothing shown holds, in the reply: 1",
    ),
    Estimator(
        id="canary-factor",
        title="Bayes factor of a leak by the canaries when neither rate is known",
        source="Skellam 1948",
        function="measurement.contamination.canaries:mixed_factor",
        known_answer="0 to 3 of ten: .2365, 8.08, 300.5, 12259",
    ),
    Estimator(
        id="cliff-fisher",
        title="Solved before and after the declared cutoff, harder tasks or not",
        source="Fisher 1922",
        function="measurement.contamination.cliff:fisher",
        known_answer="62/100 against 41/100: .00453864723553",
    ),
    Estimator(
        id="shared-failures",
        title="Wrong answers that two models share, above the panel's base rate",
        source="Bernoulli 1713",
        function="measurement.contamination.relay:tail",
        known_answer="30 of 40 at .35: 2.9e-7",
    ),
    Estimator(
        id="evidence-grade",
        title="One grade from all tests of a model, and its false alarms",
        source="Bonferroni 1936",
        function="measurement.contamination.evidence:grade",
        known_answer="gap and canaries at 1e-6 of 100 tests: BB; gap and cliff: B",
    ),
)

_ITEMS = (
    Estimator(
        id="item-rest",
        title="A task's passes against the score on all other tasks",
        source="Henrysson 1963",
        function="measurement.items:item_rest",
        known_answer="the 8 x 6 table: none, .361158, .75, .359864, -.399227, .75",
    ),
    Estimator(
        id="critical-correlation",
        title="How large a correlation over few models must be",
        source="Student 1908",
        function="measurement.items:critical_correlation",
        known_answer="8 models: .62",
    ),
    Estimator(
        id="kr-20",
        title="How well the tasks of a form agree on the models",
        source="Kuder and Richardson 1937",
        function="measurement.items:reliability",
        known_answer="the 8 x 6 table: .50625",
    ),
    Estimator(
        id="top-less-bottom",
        title="Share passed by the best models less that of the worst",
        source="Kelley 1939",
        function="measurement.items:top_less_bottom",
        known_answer="able models fail what weak ones pass: -1",
    ),
    Estimator(
        id="jeffreys",
        title="A task's difficulty from few models",
        source="Jeffreys 1946",
        function="measurement.items:jeffreys",
        known_answer="0 of 8: .0556 [.00006, .262]",
    ),
    Estimator(
        id="flip-bound",
        title="The highest rate that so many equal runs still allow",
        source="Clopper and Pearson 1934",
        function="measurement.flakiness:rate_bound",
        known_answer="30 runs without a flip: .095",
    ),
    Estimator(
        id="mutants-killed",
        title="Do the tests notice small faults",
        source="DeMillo, Lipton and Sayward 1978",
        function="measurement.flakiness:mutants_killed",
        known_answer="18 of 20: .90 [.699, .972], not enough",
    ),
    Estimator(
        id="runs-needed",
        title="Runs that, all alike, bound a reference's rate of flips",
        source="Clopper and Pearson 1934",
        function="measurement.flakiness:runs_needed",
        known_answer=".05: 59; .01: 299",
    ),
    Estimator(
        id="any-of",
        title="What one pass in several runs makes of a chance to pass",
        source="Bernoulli 1713",
        function="measurement.flakiness:any_of",
        known_answer=".20 in 3 runs: .488",
    ),
    Estimator(
        id="majority-of",
        title="What most of several runs make of a chance to pass",
        source="Condorcet 1785",
        function="measurement.flakiness:majority_of",
        known_answer=".20 in 3 runs: .104",
    ),
    Estimator(
        id="shown-score",
        title="What tests that err show of a true score",
        source="Rogan and Gladen 1978",
        function="measurement.flakiness:observed_score",
        known_answer=".5 with .1 let through and .05 refused: .525",
    ),
    Estimator(
        id="score-behind",
        title="The true score behind one that tests show which err",
        source="Rogan and Gladen 1978",
        function="measurement.flakiness:corrected_score",
        known_answer=".525 with .1 let through and .05 refused: .5",
    ),
    Estimator(
        id="saturation",
        title="Can nobody be seen to be better than the best model",
        source="the rule stated in docs/statistics.md, 2026",
        function="measurement.saturation:saturation",
        known_answer="147 of 150: 1.75 errors of headroom, an alarm",
    ),
    Estimator(
        id="task-cusum",
        title="Surprising passes added up in order of exposure",
        source="Page 1954",
        function="measurement.compromise:cusum",
        known_answer="p = .4: a pass adds .724744871392",
    ),
    Estimator(
        id="window-fisher",
        title="Is a task passed more often in the later window",
        source="Fisher 1935",
        function="measurement.compromise:window_p",
        known_answer="6 of 20, then 9 of 10: .0025987",
    ),
)

_EXPOSURE = (
    Estimator(
        id="exposure-gini",
        title="How unevenly provider groups have been shown tasks",
        source="Gini 1912",
        function="measurement.exposure.budget:gini",
        known_answer="150, 150, 150, 0: .25",
    ),
    Estimator(
        id="seen-before",
        title="Share of tasks whose family the owner had met in an earlier rotation",
        source="the rule stated in docs/statistics.md, 2026",
        function="measurement.exposure.budget:seen_before",
        known_answer="families a, a, b, c with a known: .5",
    ),
    Estimator(
        id="tasks-seen",
        title="Different tasks each provider group has been sent",
        source="the rule stated in docs/statistics.md, 2026",
        function="measurement.exposure.budget:tasks_seen",
        known_answer="(a, 1), (a, 1), (a, 2), (b, 1): a 2, b 1",
    ),
    Estimator(
        id="pool-size",
        title="Tasks a pool needs when all groups meet common forms",
        source="the rule stated in docs/statistics.md, 2026",
        function="measurement.exposure.pools:common_forms",
        known_answer="10 groups, 2 evaluations, 150 tasks, c = 1, C = 10: 300",
    ),
    Estimator(
        id="pool-forecast",
        title="Until when the pool fills whole forms",
        source="the rule stated in docs/statistics.md, 2026",
        function="measurement.exposure.forecast:lasts",
        known_answer="300 tasks, 150 per form, every 91 days: 182 days",
    ),
    Estimator(
        id="leak-gain",
        title="What leaked tasks would be worth",
        source="integrity note, 2026, section 7.2",
        function="measurement.exposure.leak:gain",
        known_answer="lambda .01, 10 exposures, p = .5: .0478",
    ),
    Estimator(
        id="sympson-hetter",
        title="With what chance a chosen task is given",
        source="Sympson and Hetter 1985",
        function="measurement.exposure.selection:given_if_chosen",
        known_answer="chosen for .9 under .25: .277777777778",
    ),
)

_TOLD = (
    Estimator(
        id="count",
        title="A whole number that was counted, chosen or assigned; nothing is estimated",
        source="docs/statistics.md, 2026",
        function="measurement.whole:count",
        known_answer="passed, wrong, passed: two passed",
    ),
    Estimator(
        id="p-step",
        title="A p-value told as the next step above it",
        source="docs/statistics.md, 2026",
        function="measurement.whole:p_step",
        known_answer=".0266: at most .05",
    ),
    Estimator(
        id="pair-margin",
        title="Half the interval of a difference, from what is public of two models",
        source="Miller 2024, arXiv 2411.00640",
        function="measurement.whole:pair_margin",
        known_answer="errors 930 and 1020 on 24 tasks, difference 2500, p at most .2: 2855",
    ),
)

_PRICE = (
    Estimator(
        id="use-per-task",
        title="Money, tokens or time per task, t interval on families less one",
        source="Miller 2024, arXiv 2411.00640",
        function="measurement.price:use",
        known_answer="1, 2, 3, 4: 2.5 with [.445739743239, 4.554260256761]",
    ),
    Estimator(
        id="price-frontier",
        title="Who is significantly better than everything surely cheaper",
        source="Kapoor et al. 2024, arXiv 2407.01502",
        function="measurement.price:frontier",
        known_answer="B, dearer than A and not told apart from it: off",
    ),
)

_EQUATING = (
    Estimator(
        id="panel-rasch",
        title="Difficulties of two rotations' tasks from the panel's counts, one mean each",
        source="Rasch 1960",
        function="measurement.equating.rasch:fit",
        known_answer="two rotations of eight tasks: the second is .506 (.254) logits harder",
    ),
    Estimator(
        id="equated-score",
        title="What a total would have been on the first form, by the delta method",
        source="Lord 1980",
        function="measurement.equating.placing:place",
        known_answer="54 of 80 on the first form itself: .675",
        version=2,
    ),
    Estimator(
        id="panel-link",
        title="Whether the panel carries a comparison across rotations",
        source="integrity note, 2026, section 2.6",
        function="measurement.equating.conditions:examine",
        known_answer="a panel that sees one shift throughout: it moves by 0",
        version=2,
    ),
    Estimator(
        id="anchor-screen",
        title="Shared tasks that drifted, and what the others moved by",
        source="Huynh and Meyer 2010",
        function="measurement.equating.linking:screen_drift",
        known_answer="-.2 -.1 -.3 -.1 -1.1: the fifth goes, -.175 (.0478713553878)",
    ),
    Estimator(
        id="stocking-lord",
        title="Line under which two calibrations expect the same total",
        source="Stocking and Lord 1983",
        function="measurement.equating.linking:stocking_lord",
        known_answer="b_ref = 1.25 b_new - .4: (1.25, -.4)",
    ),
    Estimator(
        id="haebara",
        title="Line under which two calibrations' item curves lie closest",
        source="Haebara 1980",
        function="measurement.equating.linking:haebara",
        known_answer="b_ref = 1.25 b_new - .4: (1.25, -.4)",
    ),
    Estimator(
        id="common-slope",
        title="Item difficulties with abilities integrated out",
        source="Thissen 1982",
        function="measurement.equating.marginal:fit_common_slope",
        known_answer="LSAT6: log likelihood -2466.938, slope .7551",
    ),
    Estimator(
        id="item-slopes",
        title="A slope per item, from 200 models on",
        source="Bock and Aitkin 1981",
        function="measurement.equating.marginal:fit_slopes",
        known_answer="LSAT6: slopes .826 .723 .891 .688 .657",
    ),
)

_ADAPTIVE = (
    Estimator(
        id="ladder",
        title="Which of a model's repeated evaluations its provider is told",
        source="Blum and Hardt 2015",
        function="measurement.adaptive.ladder:told",
        known_answer="10, then 11, then 14 of the same 20: the first, the first, the third",
    ),
    Estimator(
        id="ladder-bound",
        title="How far a stepped ladder's best answer may lie from the truth",
        source="Blum and Hardt 2015",
        function="measurement.adaptive.ladder:stepped_error_bound",
        known_answer="200 tasks, 10 tries: .51, so the ladder is a brake and no proof",
    ),
    Estimator(
        id="union-bound",
        title="How far any of k scores chosen beforehand may lie from its truth",
        source="Hoeffding 1963",
        function="measurement.adaptive.ladder:union_bound",
        known_answer="200 tasks, 10 tries: .122387341535",
    ),
    Estimator(
        id="boosting",
        title="What a majority of random guesses looks like under a way of answering",
        source="Blum and Hardt 2015",
        function="measurement.adaptive.attacks:boosting",
        known_answer="4,000 tasks, 400 guesses, exact answers: an error of .42745",
    ),
    Estimator(
        id="thresholdout",
        title="A holdout that is looked at only where the training value misleads",
        source="Dwork et al. 2015",
        function="measurement.adaptive.thresholdout:Thresholdout",
        known_answer=".60 .55 .70 .58, then refused twice",
    ),
)

ESTIMATORS: Mapping[str, Estimator] = by_id(
    (
        *_ADAPTIVE,
        *_TOLD,
        *_PRICE,
        *_SCORES,
        *_PAIRS,
        *_RANKS,
        *_REPLIES,
        *_CONTAMINATION,
        *_ITEMS,
        *_EXPOSURE,
        *_EQUATING,
    )
)
