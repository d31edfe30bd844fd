import sys

lines = iter(sys.stdin.read().split("\n"))
p, c = map(int, next(lines).split())
baskets = {q: [] for q in range(1, p + 1)}
said = []


def weaver(me, program):
    """A generator: yields True after each performed instruction, False while it waits."""
    thread, i = 0, 1
    while i <= len(program):
        op, _, arg = program[i - 1].strip().partition(" ")
        i += 1
        if op == "set":
            thread = int(arg)
        elif op == "add":
            thread = thread + int(arg)
        elif op == "give":
            while len(baskets[int(arg)]) >= c:
                yield False, False
            baskets[int(arg)].append(thread)
        elif op == "take":
            while len(baskets[me]) == 0:
                yield False, False
            thread = baskets[me].pop()
        elif op == "back":
            if thread != 0:
                i = int(arg)
        else:
            said.append(str(thread))
        yield True, i > len(program)


running = {}
for me in range(1, p + 1):
    count = int(next(lines))
    program = [next(lines) for _ in range(count)]
    if program:
        running[me] = weaver(me, program)
word = "late"
for _ in range(2000):
    performed = False
    for me in sorted(running):
        moved, last = next(running[me])
        performed = performed or moved
        if last:
            del running[me]
    if not running:
        word = "done"
        break
    if not performed:
        word = "stuck"
        break
print("\n".join(said + [word]))
