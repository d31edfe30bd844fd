def shy_badgers(n, passages, a, b):
    near = [set() for _ in range(n)]
    for u, v in passages:
        near[u].add(v)
        near[v].add(u)
    reached, minutes = {a}, 0
    while b not in reached:
        more = reached | {v for u in reached for v in near[u]}
        if more == reached:
            return -1
        reached, minutes = more, minutes + 1
    return minutes
