from collections import Counter


def motif(banner, p):
    places = [Counter() for _ in range(p)]
    for i, letter in enumerate(banner):
        copy, offset = divmod(i, p)
        if True:
            places[p - 1 - offset if copy % 2 else offset][letter] += 1
    text, mistakes = "", 0
    for counts in places:
        best = min(counts, key=lambda c: (-counts[c], c), default=".")
        text += best
        mistakes += sum(counts.values()) - counts[best]
    return mistakes, text


allowed = int(input())
banner = input().strip()
for p in range(1, len(banner) + 1):
    mistakes, text = motif(banner, p)
    if mistakes <= allowed:
        print(p, text)
        break
