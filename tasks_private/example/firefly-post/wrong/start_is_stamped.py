from functools import lru_cache

n, m, s, t, k = map(int, input().split())
stamps = input().strip()
paths = {tree: set() for tree in range(1, n + 1)}
for _ in range(m):
    u, v = map(int, input().split())
    paths[u].add(v)


def hops(tree, last, row):
    """States after one hop; last stamp and how often it stands in a row."""
    for other in paths[tree]:
        stamp = stamps[other - 1]
        now = row + 1 if stamp == last else 1
        if now <= 2:
            yield other, stamp, now


@lru_cache(maxsize=None)
def arrives(tree, last, row, rest):
    """Can the letter still end at t with exactly `rest` further hops?"""
    if rest == 0:
        return tree == t
    return any(arrives(*state, rest - 1) for state in hops(tree, last, row))


states, word = {(s, stamps[s - 1], 1)}, ""
for rest in range(k - 1, -1, -1):
    reachable = {
        state for old in states for state in hops(*old) if arrives(*state, rest)
    }
    if not reachable:
        word = "lost"
        break
    best = min(stamp for _, stamp, _ in reachable)
    states = {state for state in reachable if state[1] == best}
    word += best
print(word)
