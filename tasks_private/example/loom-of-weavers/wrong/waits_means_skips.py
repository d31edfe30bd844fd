p, capacity = map(int, input().split())
programs = [[input().split() for _ in range(int(input()))] for _ in range(p)]
threads, baskets, at = [0] * p, [[] for _ in range(p)], [0] * p


def act(w):
    """Perform the next instruction of weaver w; False if it waits or is finished."""
    if at[w] >= len(programs[w]):
        return False
    name, *rest = programs[w][at[w]]
    number = int(rest[0]) if rest else 0
    following = at[w] + 1
    if name == "set":
        threads[w] = number
    elif name == "add":
        threads[w] += number
    elif name == "give":
        if len(baskets[number - 1]) == capacity:
            return False
        baskets[number - 1].append(threads[w])
    elif name == "take":
        if baskets[w]:
            threads[w] = baskets[w].pop()
    elif name == "back" and threads[w]:
        following = number - 1
    elif name == "say":
        print(threads[w])
    at[w] = following
    return True


def work():
    for _ in range(2000):
        moved = [act(w) for w in range(p)]
        if all(at[w] >= len(programs[w]) for w in range(p)):
            return "done"
        if not any(moved):
            return "stuck"
    return "late"


print(work())
