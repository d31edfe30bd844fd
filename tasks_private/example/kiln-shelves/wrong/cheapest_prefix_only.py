n, width, penalty = map(int, input().split())
pots = [tuple(map(int, input().split())) for _ in range(n)]
best = [(0, 0)] + [(10**9, 0)] * n
for i in range(n):
    used = tallest = 0
    for j in range(i, n):
        used += pots[j][0]
        if used > width:
            break
        tallest = max(tallest, pots[j][1])
        extra = penalty if best[i][1] == tallest else 0
        best[j + 1] = min(best[j + 1], (best[i][0] + extra + tallest + (j - i + 1) ** 2, tallest))
print(best[n][0])
