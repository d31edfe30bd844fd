def shy_badgers(n, passages, a, b):
    # Relaxation over all pairs, from the goal backwards: moves can be undone, so distances
    # to the goal equal distances from it.
    joined = [[u == v for v in range(n)] for u in range(n)]
    for u, v in passages:
        joined[u][v] = joined[v][u] = True
    good = [(x, y) for x in range(n) for y in range(n) if not joined[x][y]]
    left = {pair: None for pair in good}
    left[b, a] = 0
    minutes = 0
    layer = {(b, a)}
    while layer:
        if left[a, b] is not None:
            return left[a, b]
        minutes += 1
        layer = {
            (x, y)
            for x, y in good
            if left[x, y] is None and any(joined[x][p] and joined[y][q] for p, q in layer)
        }
        for pair in layer:
            left[pair] = minutes
    return -1
