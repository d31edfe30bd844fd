import sys

data = sys.stdin.read().split()
n, m, s, t, k = map(int, data[:5])
stamp = dict(enumerate(data[5], start=1))
edges = list(map(int, data[6:]))
into = {v: set() for v in stamp}
for u, v in zip(edges[::2], edges[1::2]):
    into[v].add(u)
# Backwards: for the word from a tree on, keep the smallest suffix, apart by how many equal
# letters it begins with (so that a letter before it can still be judged).
# suffix[v][(c, r)]: smallest word of the stamps after leaving v, beginning with r times c.
suffix = {t: {("", 0): ""}}
for _ in range(k):
    following = {}
    for v, table in suffix.items():
        c = stamp[v]
        for (first, run), word in table.items():
            new_run = run + 1 if first == c else 1
            if new_run > 2:
                continue
            new = c + word
            for u in into[v]:
                mine = following.setdefault(u, {})
                if (c, new_run) not in mine or new < mine[c, new_run]:
                    mine[c, new_run] = new
    suffix = following
print(min(suffix.get(s, {}).values(), default="lost"))
