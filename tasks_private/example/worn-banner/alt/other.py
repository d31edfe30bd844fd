import sys

data = sys.stdin.read().split()
m, banner = int(data[0]), data[1]
n = len(banner)
for p in range(1, n + 1):
    mistakes, letters = 0, []
    for place in range(p):
        # the places of one motif letter: place, 2p-1-place, then each plus 2p
        seen = (banner[place :: 2 * p] + banner[2 * p - 1 - place :: 2 * p]).replace("?", "")
        if not seen:
            letters.append(".")
            continue
        top, letter = 0, ""
        for c in sorted(set(seen)):
            if seen.count(c) > top:
                top, letter = seen.count(c), c
        letters.append(letter)
        mistakes += len(seen) - top
        if mistakes > m:
            break
    if mistakes <= m:
        print(p, "".join(letters))
        break
