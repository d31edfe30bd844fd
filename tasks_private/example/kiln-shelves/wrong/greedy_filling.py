n, width, penalty = map(int, input().split())
pots = [tuple(map(int, input().split())) for _ in range(n)]
cost = used = tallest = count = last = 0
for w, h in pots + [(width + 1, 0)]:
    if used + w > width:
        cost += tallest + count * count + (penalty if tallest == last else 0)
        last, used, tallest, count = tallest, 0, 0, 0
    used, tallest, count = used + w, max(tallest, h), count + 1
print(cost)
