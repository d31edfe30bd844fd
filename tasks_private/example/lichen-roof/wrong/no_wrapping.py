def lichen_roof(roof: list[str], nights: int) -> list[str]:
    rows, columns = len(roof), len(roof[0])

    def morning(r, c):
        around = [
            roof[r + dr][c + dc]
            for dr, dc in ((-1, 0), (1, 0), (0, -1), (0, 1))
            if 0 <= r + dr < rows and 0 <= c + dc < columns
        ]
        tile = roof[r][c]
        if tile == "." and around.count("*") % 2 and "#" not in around:
            return "*"
        if tile == "*" and (around.count("#") >= 2 or around.count("*") == 4):
            return "."
        return tile

    for _ in range(nights):
        roof = ["".join(morning(r, c) for c in range(columns)) for r in range(rows)]
    return roof
