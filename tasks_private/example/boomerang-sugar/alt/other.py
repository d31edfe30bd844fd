def boomerang_sugar(sheet):
    # A sweep over the cells; each boomerang is named by its corner and two arms.
    rows, columns = len(sheet), len(sheet[0])

    def bit(r, c):
        return 1 << (r * columns + c)

    sugar = {
        (r, c): int(sheet[r][c])
        for r in range(rows)
        for c in range(columns)
        if sheet[r][c] != "#"
    }
    by_square = {}
    for (r, c), sweet in sugar.items():
        for y in (r - 1, r + 1):
            for x in (c - 1, c + 1):
                if (y, c) in sugar and (r, x) in sugar:
                    cells = bit(r, c) | bit(y, c) | bit(r, x)
                    price = 2 * sweet + sugar[y, c] + sugar[r, x]
                    by_square.setdefault((min(r, y), min(c, x)), []).append((cells, price))
    states = {0: 0}
    for r in range(rows):
        for c in range(columns):
            following = {}
            done = r * columns + c  # cells up to here cannot be covered later
            for used, total in states.items():
                options = [(used, total)]
                for cells, price in by_square.get((r, c), ()):
                    if not used & cells:
                        options.append((used | cells, total + price))
                for cover, worth in options:
                    key = cover >> (done + 1) << (done + 1)
                    if worth > following.get(key, -1):
                        following[key] = worth
            states = following
    return max(states.values())
