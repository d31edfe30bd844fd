def shy_badgers(n: int, passages: list[list[int]], a: int, b: int) -> int:
    near: list[set[int]] = [set() for _ in range(n)]
    for u, v in passages:
        near[u].add(v)
        near[v].add(u)
    seen = {(a, b)}
    front = [(a, b)]
    minutes = 0
    while front:
        if (b, a) in seen:
            return minutes
        minutes += 1
        following = []
        for x, y in front:
            for p in near[x] | {x}:
                for q in near[y] | {y}:
                    shy = p != q and q not in near[p]
                    if (p == x or q == y) and shy and (p, q) not in seen:
                        seen.add((p, q))
                        following.append((p, q))
        front = following
    return -1
