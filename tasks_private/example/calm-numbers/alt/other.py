import sys
from collections import Counter


def up_to(bound):
    """Calm numbers from 1 to bound, by a forward count over (last digit, sum, tight)."""
    text = str(bound)
    answer = 0
    for length in range(1, len(text) + 1):
        whole = length < len(text)
        states = Counter()
        for d in range(1, 10):
            if whole or d <= int(text[0]):
                states[d, d, not whole and d == int(text[0])] += 1
        for place in range(1, length):
            following = Counter()
            for (last, total, tight), ways in states.items():
                for d in range(10):
                    if abs(d - last) > 2 or (tight and d > int(text[place])):
                        continue
                    following[d, total + d, tight and d == int(text[place])] += ways
            states = following
        answer += sum(w for (_, total, _), w in states.items() if total % length == 0)
    return answer


data = list(map(int, sys.stdin.read().split()))[1:]
for low, high in zip(data[::2], data[1::2]):
    print(up_to(high) - (up_to(low - 1) if low > 1 else 0))
