n = int(input())
holder, force, strength = [0], [0], [0]
for _ in range(n):
    h, f, s = map(int, input().split())
    holder.append(h)
    force.append(f)
    strength.append(s)


def chain(kite):
    """The kite and all that hold it, up to the child's hand."""
    while kite:
        yield kite
        kite = holder[kite]


held = set(range(1, n + 1))
while True:
    load = [0] * (n + 1)
    for kite in held:
        for string in chain(kite):
            load[string] += force[kite]
    overloaded = {kite for kite in held if load[kite] > strength[kite]}
    if not overloaded:
        break
    below = {holding for kite in overloaded for holding in chain(holder[kite])}
    torn = overloaded
    held = {kite for kite in held if not torn & set(chain(kite))}
print(*sorted(held) or ["none"])
