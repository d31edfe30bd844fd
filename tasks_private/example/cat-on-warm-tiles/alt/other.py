def warm_walk(terrace, start, most):
    # More comfort is never worse: keep the best comfort per tile, for each number of steps,
    # apart for a cat that moved last and one that stayed last.
    rows, columns = len(terrace), len(terrace[0])
    heat = {(r, c): int(terrace[r][c]) for r in range(rows) for c in range(columns)}
    moved, stayed = {(0, 0): start}, {}
    goal = (rows - 1, columns - 1)
    for steps in range(rows * columns * (most + 1) * 2 + 1):
        if goal in moved or goal in stayed:
            return steps
        next_moved, next_stayed = {}, {}
        for tile, comfort in list(moved.items()) + list(stayed.items()):
            r, c = tile
            for other in ((r - 1, c), (r + 1, c), (r, c - 1), (r, c + 1)):
                if other in heat:
                    value = min(most, comfort + heat[other] - 4)
                    if value >= 0 and value > next_moved.get(other, -1):
                        next_moved[other] = value
        for tile, comfort in moved.items():
            if heat[tile] >= 5:
                next_stayed[tile] = min(most, comfort + heat[tile] - 4)
        if (next_moved, next_stayed) == (moved, stayed):
            return -1
        moved, stayed = next_moved, next_stayed
    return -1
