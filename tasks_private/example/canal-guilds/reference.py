n, m, limit = map(int, input().split())
leader = list(range(n + 1))
size = [1] * (n + 1)
grievances = [0] * (n + 1)


def guild(town):
    while leader[town] != town:
        leader[town] = leader[leader[town]]
        town = leader[town]
    return town


total = 0
for _ in range(m):
    a, b = map(guild, map(int, input().split()))
    if a == b:
        print("idle")
    elif size[a] + size[b] > limit:
        grievances[a] += 1
        grievances[b] += 1
        print("refused")
    else:
        fee = abs(size[a] - size[b]) + 1 + 2 * (grievances[a] + grievances[b])
        total += fee
        leader[b] = a
        size[a] += size[b]
        grievances[a] = 0
        print(fee)
heads = {guild(town) for town in range(1, n + 1)}
print(total, len(heads), max(size[head] for head in heads))
