STEPS = {"L": (0, -1), "R": (0, 1), "U": (-1, 0), "D": (1, 0)}


def sticky_peas(tray: list[str], tilts: str) -> list[str]:
    cells = [list(row) for row in tray]
    rows, columns = len(cells), len(cells[0])

    def free(r, c):
        return 0 <= r < rows and 0 <= c < columns and cells[r][c] == "."

    def slide(r, c, dr, dc):
        cells[r][c] = "."
        while free(r + dr, c + dc):
            r, c = r + dr, c + dc
            if cells[r][c] == "h":
                cells[r][c] = "O"
                return
        cells[r][c] = "o"

    for tilt in tilts:
        dr, dc = STEPS[tilt]
        peas = [(r, c) for r in range(rows) for c in range(columns) if cells[r][c] == "o"]
        for r, c in sorted(peas, key=lambda p: -(p[0] * dr + p[1] * dc)):
            slide(r, c, dr, dc)
    return ["".join(row) for row in cells]
