import sys

data = sys.stdin.read().split()
n, m, k = map(int, data[:3])
plots = {(r, c): int(h) for r, row in enumerate(data[3:]) for c, h in enumerate(row) if h != "x"}
BIG = 10**9
# Bellman-Ford by layers of ladders: walk[p], cling[p] = cost with exactly `used` ladders,
# the last move on foot / by ladder.


def foot(p, q):
    d = plots[q] - plots[p]
    return 2 if d == 0 else d * d if d > 0 else 1 + (-d) // 2


def around(p):
    r, c = p
    return [q for q in ((r + 1, c), (r - 1, c), (r, c + 1), (r, c - 1)) if q in plots]


answers = []
cling = {}
walk = {(0, 0): 0}
for used in range(k + 1):
    best = dict(walk)
    changed = True
    while changed:
        changed = False
        for p in plots:
            here = min(best.get(p, BIG), cling.get(p, BIG))
            if here == BIG:
                continue
            for q in around(p):
                if here + foot(p, q) < best.get(q, BIG):
                    best[q] = here + foot(p, q)
                    changed = True
    goal = (n - 1, m - 1)
    answers.append((min(best.get(goal, BIG), cling.get(goal, BIG)), used))
    following = {}
    for p in plots:
        for q in around(p):
            if best.get(p, BIG) + 1 < following.get(q, BIG):
                following[q] = best[p] + 1
    cling, walk = following, {}
cost, used = min(answers)
print(f"{cost} {used}" if cost < BIG else "undeliverable")
