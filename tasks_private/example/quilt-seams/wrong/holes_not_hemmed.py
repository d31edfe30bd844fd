from collections import Counter

rows, columns = map(int, input().split())
quilt = [input().strip() for _ in range(rows)]


def cloth(r, c):
    return quilt[r][c] if 0 <= r < rows and 0 <= c < columns else "."


whole, shares = 0, Counter()
for r in range(-1, rows):
    for c in range(-1, columns):
        for y, x, strong in ((r, c + 1, 2), (r + 1, c, 3)):
            pair = {cloth(r, c), cloth(y, x)}
            if "." in pair:
                continue
            thread = strong if len(pair) == 2 and "." not in pair else 1
            whole += thread
            for name in pair - {"."}:
                shares[name] += thread
print(whole)
if shares:
    top = min(shares, key=lambda name: (-shares[name], name))
    print(top, shares[top])
