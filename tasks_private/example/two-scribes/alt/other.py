import sys
from functools import lru_cache


def scribe_share(line, a, b):
    sys.setrecursionlimit(5000)
    n = len(line)

    def fits(word, used, start, count):
        return all(word[(used + j) % len(word)] == line[start + j] for j in range(count))

    @lru_cache(maxsize=None)
    def best(i, ada, turn):
        """Most further letters by Ada when the scribe `turn` writes the next block."""
        if i == n:
            return 0
        found = -1
        word, used = (a, ada) if turn == 0 else (b, i - ada)
        for count in (1, 2, 3):
            if i + count > n or not fits(word, used, i, count):
                break
            gain = count if turn == 0 else 0
            rest = best(i + count, ada + gain, 1 - turn)
            if rest >= 0:
                found = max(found, rest + gain)
        return found

    return max(best(0, 0, 0), best(0, 0, 1))
