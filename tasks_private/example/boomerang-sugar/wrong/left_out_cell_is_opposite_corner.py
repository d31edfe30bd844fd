from functools import lru_cache


def boomerang_sugar(sheet: list[str]) -> int:
    rows, columns = len(sheet), len(sheet[0])
    sugar = [[0 if cell == "#" else int(cell) for cell in row] for row in sheet]
    burnt = [sum(1 << c for c in range(columns) if row[c] == "#") for row in sheet]

    def cuts(r, c):
        """Boomerangs in the square with upper left cell (r, c): cells above, below, price."""
        both = 3 << c
        square = [(r + dr, c + dc) for dr in (0, 1) for dc in (0, 1)]
        total = sum(sugar[y][x] for y, x in square)
        for y, x in square:  # the cell left out; the corner lies diagonally opposite
            price = total - sugar[y][x] + sugar[2 * r + 1 - y][x]
            above = both ^ (1 << x) if y == r else both
            below = both if y == r else both ^ (1 << x)
            yield above, below, price

    def strips(r, c, above, below, price):
        """All ways to cut boomerangs from the rows r and r + 1, columns c and on."""
        if c >= columns - 1:
            yield below, price
            return
        yield from strips(r, c + 1, above, below, price)
        for up, low, worth in cuts(r, c):
            if not (up & above or low & below):
                yield from strips(r, c + 1, above | up, below | low, price + worth)

    @lru_cache(maxsize=None)
    def best(r, used):
        """Largest price from row r on, with the used cells of row r taken."""
        if r == rows - 1:
            return 0
        outcomes = {}
        for below, price in strips(r, 0, used, burnt[r + 1], 0):
            outcomes[below] = max(outcomes.get(below, 0), price)
        return max(price + best(r + 1, below) for below, price in outcomes.items())

    return best(0, burnt[0])
