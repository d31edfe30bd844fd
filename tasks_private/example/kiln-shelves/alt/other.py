import sys
from functools import lru_cache

sys.setrecursionlimit(10000)
data = list(map(int, sys.stdin.read().split()))
n, width, penalty = data[:3]
w, h = data[3::2], data[4::2]


@lru_cache(maxsize=None)
def least(start, height_before):
    """Least cost of shelving pots start.. after a shelf whose tallest had height_before."""
    if start == n:
        return 0
    found, used, top = float("inf"), 0, 0
    for end in range(start + 1, n + 1):
        used += w[end - 1]
        if used > width:
            break
        top = max(top, h[end - 1])
        extra = penalty if top == height_before else 0
        found = min(found, top + (end - start) ** 2 + extra + least(end, top))
    return found


print(least(0, 0))
