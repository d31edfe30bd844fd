def tasting_order(dishes: list[list], pairs: list[list[int]]) -> list[int]:
    needs: list[set[int]] = [set() for _ in dishes]
    for a, b in pairs:
        needs[b].add(a)
    order: list[int] = []
    left = set(range(len(dishes)))
    while left:
        tasted = set(order)
        choice = [i for i in left if needs[i] <= tasted]
        if not choice:
            break
        sign = 1
        if order:
            region, spice = dishes[order[-1]]
            choice = [i for i in choice if dishes[i][0] != region] or choice
            sign = -1 if spice == 0 else 1
        pick = min(choice, key=lambda i: (sign * dishes[i][1], i))
        order.append(pick)
        left.remove(pick)
    return order
