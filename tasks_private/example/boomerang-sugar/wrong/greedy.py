def boomerang_sugar(sheet):
    cells = {(r, c): int(d) for r, row in enumerate(sheet) for c, d in enumerate(row) if d != "#"}
    shapes = []
    for r, c in cells:
        for y in (r - 1, r + 1):
            for x in (c - 1, c + 1):
                if (y, c) in cells and (r, x) in cells:
                    price = 2 * cells[r, c] + cells[y, c] + cells[r, x]
                    shapes.append((-price, (r, c), (y, c), (r, x)))
    total, used = 0, set()
    for price, *shape in sorted(shapes):
        if not used & set(shape):
            used |= set(shape)
            total -= price
    return total
