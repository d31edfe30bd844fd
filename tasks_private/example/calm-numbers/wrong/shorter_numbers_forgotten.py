from functools import lru_cache


@lru_cache(maxsize=None)
def free(last, rest, total, length):
    """Ways to add `rest` digits after `last` so that the sum suits the length."""
    if rest == 0:
        return int(total % length == 0)
    return sum(
        free(digit, rest - 1, total + digit, length)
        for digit in range(max(0, last - 2), min(9, last + 2) + 1)
    )


def calm_below(bound):
    """Calm numbers smaller than bound."""
    digits = [int(c) for c in str(bound)]
    n, count = len(digits), 0

    total = 0
    for i, limit in enumerate(digits):
        for d in range(1 if i == 0 else 0, limit):
            if i == 0 or abs(d - digits[i - 1]) <= 2:
                count += free(d, n - i - 1, total + d, n)
        if i and abs(limit - digits[i - 1]) > 2:
            break
        total += limit
    return count


for _ in range(int(input())):
    low, high = map(int, input().split())
    print(calm_below(high + 1) - calm_below(low))
