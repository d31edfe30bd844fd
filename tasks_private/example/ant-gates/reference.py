import heapq


def ant_gates(n: int, tunnels: list[list[int]], queen: int) -> int:
    ways: list[list[tuple[int, int, int]]] = [[] for _ in range(n)]
    for u, v, length, colour in tunnels:
        ways[u].append((v, length, colour))
        ways[v].append((u, length, colour))
    queue = [(0, 0)]
    earliest = {0: 0}
    while queue:
        minute, chamber = heapq.heappop(queue)
        if chamber == n - 1:
            return minute
        if minute > earliest[chamber]:
            continue
        for other, length, colour in ways[chamber]:
            enter = minute + (colour - minute) % 3
            if other == queen and (enter + length) % 5 == 0:
                enter += 3  # three minutes later never again divisible by 5
            arrival = enter + length
            if arrival < earliest.get(other, arrival + 1):
                earliest[other] = arrival
                heapq.heappush(queue, (arrival, other))
    return -1
