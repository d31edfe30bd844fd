def swan_ring(n: int, friends: list[list[int]], first: int, passes: int) -> list[int]:
    known: list[set[int]] = [set() for _ in range(n)]
    for a, b in friends:
        known[a].add(b)
        known[b].add(a)
    held = [0] * n
    held[first] = 1
    holder, giver = first, -1
    for _ in range(passes):
        allowed = known[holder] - {giver} or known[holder]
        if not allowed:
            break
        chosen = min(allowed, key=lambda swan: (len(known[swan]), swan))
        held[chosen] += 1
        holder, giver = chosen, holder
    return held
