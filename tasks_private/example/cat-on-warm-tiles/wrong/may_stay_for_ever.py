from collections import deque


def warm_walk(terrace: list[str], start: int, most: int) -> int:
    rows, columns = len(terrace), len(terrace[0])
    goal = (rows - 1, columns - 1)
    first = (0, 0, start, False)  # row, column, comfort, has just stayed
    queue = deque([(first, 0)])
    seen = {first}
    while queue:
        (r, c, comfort, stayed), steps = queue.popleft()
        if (r, c) == goal:
            return steps
        for dr, dc in ((0, 0), (-1, 0), (1, 0), (0, -1), (0, 1)):
            stay = dr == dc == 0
            y, x = r + dr, c + dc
            if not (0 <= y < rows and 0 <= x < columns):
                continue
            warmth = int(terrace[y][x])
            if stay and (warmth < 5):
                continue
            after = min(most, comfort + warmth - 4)
            state = (y, x, after, stay)
            if after >= 0 and state not in seen:
                seen.add(state)
                queue.append((state, steps + 1))
    return -1
