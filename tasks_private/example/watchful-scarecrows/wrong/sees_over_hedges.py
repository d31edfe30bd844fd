STEPS = {"^": (-1, 0), "v": (1, 0), "<": (0, -1), ">": (0, 1)}

rows, columns = map(int, input().split())
field = {}
for r in range(rows):
    for c, mark in enumerate(input().strip()):
        field[r, c] = mark

guarded, uneasy = set(), set()
for (r, c), mark in field.items():
    if mark not in STEPS:
        continue
    uneasy |= {(r + dr, c + dc) for dr, dc in STEPS.values()}
    dr, dc = STEPS[mark]
    for distance in (1, 2, 3):
        square = (r + dr * distance, c + dc * distance)
        if field.get(square) != ".":
            continue
        guarded.add(square)
corn = {square for square, mark in field.items() if mark == "."}
print(len(guarded), len(corn - guarded - uneasy))
