import sys

data = sys.stdin.read().split()
n, m, q = map(int, data[:3])
grid = {(y, x): ch for y, line in enumerate(data[3 : 3 + n]) for x, ch in enumerate(line)}
rest = data[3 + n :]
for side, num in zip(rest[::2], rest[1::2]):
    k = int(num) - 1
    # complex-free vector walk: dx, dy swap at a mirror, negated for a slash
    x, y, dx, dy = {"T": (k, 0, 0, 1), "B": (k, n - 1, 0, -1), "L": (0, k, 1, 0), "R": (m - 1, k, -1, 0)}[side]
    hits = 0
    while (y, x) in grid:
        if grid[y, x] == "\\":
            dx, dy = dy, dx
            grid[y, x] = "/"
            hits += 1
        elif grid[y, x] == "/":
            dx, dy = -dy, -dx
            grid[y, x] = "\\"
            hits += 1
        x, y = x + dx, y + dy
    if y < 0:
        print("T", x + 1, hits)
    elif y >= n:
        print("B", x + 1, hits)
    elif x < 0:
        print("L", y + 1, hits)
    else:
        print("R", y + 1, hits)
