n, width, penalty = map(int, input().split())
pots = [tuple(map(int, input().split())) for _ in range(n)]

# best[i]: tallest pot of the last shelf -> least cost of shelving the first i pots
best = [{} for _ in range(n + 1)]
best[0][0] = 0
for i in range(n):
    cheapest = min(best[i].values())
    used = tallest = 0
    for j in range(i, n):
        used += pots[j][0]
        if used > width:
            break
        tallest = max(tallest, pots[j][1])
        before = cheapest
        if tallest in best[i]:
            others = [c for h, c in best[i].items() if h != tallest]
            before = min([best[i][tallest] + penalty, *others])
        cost = before + tallest + (j - i + 1) ** 2
        best[j + 1][tallest] = min(cost, best[j + 1].get(tallest, cost))
print(min(best[n].values()))
