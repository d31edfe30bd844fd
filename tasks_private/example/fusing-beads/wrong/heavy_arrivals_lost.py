input()
wire = []
for bead in map(int, input().split()):
    while wire and wire[-1] == bead:
        wire.pop()
        bead += 1
        if bead >= 9:
            break
    else:
        if bead < 9:
            wire.append(bead)
print(*wire or ["bare"])
