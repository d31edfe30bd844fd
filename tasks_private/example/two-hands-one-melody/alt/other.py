import sys
from functools import lru_cache

sys.setrecursionlimit(100000)
data = list(map(int, sys.stdin.read().split()))
n, L, R, C = data[:4]
keys = data[4:]


@lru_cache(maxsize=None)
def least(i, other, hand):
    """Effort from block start i on: `hand` strikes note i (changing from the other hand, which
    lies on keys[i-1]); `other` is where `hand` lies now."""
    if i == n:
        return 0
    result = float("inf")
    still = keys[i - 1]  # the hand that rests during this block
    here, cost = other, 0
    for end in range(i, n):
        key = keys[end]
        if not (key < still if hand == 0 else key > still):
            break
        cost += abs(key - here) + (1 if end - i >= 2 else 0)
        here = key
        rest = 0 if end + 1 == n else C + least(end + 1, still, 1 - hand)
        result = min(result, cost + rest)
    return result


answer = float("inf")
for hand, here, still in ((0, L, R), (1, R, L)):
    cost = 0
    for end in range(n):
        key = keys[end]
        if not (key < still if hand == 0 else key > still):
            break
        cost += abs(key - here) + (1 if end >= 2 else 0)
        here = key
        rest = 0 if end + 1 == n else C + least(end + 1, still, 1 - hand)
        answer = min(answer, cost + rest)
print(answer)
