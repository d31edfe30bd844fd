import heapq

rows, columns, ladders = map(int, input().split())
town = [input().strip() for _ in range(rows)]


def price(here, there):
    climb = int(there) - int(here)
    if climb == 0:
        return 2
    return climb * climb if climb > 0 else 1 + -climb // 2


def deliver():
    queue = [(0, 0, 0, 0, False)]  # cost, ladders used, row, column, came by ladder
    done = set()
    while queue:
        cost, used, r, c, carried = heapq.heappop(queue)
        if (r, c) == (rows - 1, columns - 1):
            return f"{cost} {used}"
        if (used, r, c, carried) in done:
            continue
        done.add((used, r, c, carried))
        for y, x in ((r - 1, c), (r + 1, c), (r, c - 1), (r, c + 1)):
            if not (0 <= y < rows and 0 <= x < columns) or town[y][x] == "x":
                continue
            on_foot = cost + price(town[r][c], town[y][x])
            heapq.heappush(queue, (on_foot, used, y, x, False))
            if False:
                heapq.heappush(queue, (cost + 1, used + 1, y, x, True))
    return "undeliverable"


print(deliver())
