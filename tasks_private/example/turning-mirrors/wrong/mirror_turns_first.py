UP, DOWN, LEFT, RIGHT = (-1, 0), (1, 0), (0, -1), (0, 1)
SLASH = {RIGHT: UP, UP: RIGHT, LEFT: DOWN, DOWN: LEFT}
BACKSLASH = {RIGHT: DOWN, DOWN: RIGHT, LEFT: UP, UP: LEFT}

rows, columns, q = map(int, input().split())
pond = [list(input().strip()) for _ in range(rows)]
for _ in range(q):
    side, number = input().split()
    i = int(number) - 1
    r, c, way = {
        "T": (0, i, DOWN),
        "B": (rows - 1, i, UP),
        "L": (i, 0, RIGHT),
        "R": (i, columns - 1, LEFT),
    }[side]
    met = 0
    while 0 <= r < rows and 0 <= c < columns:
        mirror = pond[r][c]
        if mirror != ".":
            met += 1
            way = (BACKSLASH if mirror == "/" else SLASH)[way]
            pond[r][c] = "\\" if mirror == "/" else "/"
        r, c = r + way[0], c + way[1]
    out = {UP: ("T", c), DOWN: ("B", c), LEFT: ("L", r), RIGHT: ("R", r)}[way]
    print(out[0], out[1] + 1, met)
