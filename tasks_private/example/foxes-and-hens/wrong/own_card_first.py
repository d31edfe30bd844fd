from collections import deque


def foxes_and_hens(ann: list[int], bob: list[int], limit: int) -> list[int]:
    a, b, pot = deque(ann), deque(bob), []
    rounds = 0
    while a and b and rounds < limit:
        rounds += 1
        x, y = a.popleft(), b.popleft()
        if x == y:
            pot += [x, y]
            continue
        ann_wins = (x < y) == (abs(x - y) == 1)
        if ann_wins:
            a.extend([*pot, x, y])
        else:
            b.extend([*pot, y, x])
        pot = []
    return [len(a), len(b), len(pot), rounds]
