from itertools import groupby


def note(row):
    text = ""
    for stitch, run in groupby(row):
        m = len(list(run))
        text += stitch if m == 1 else f"{stitch}{m}"
    half, odd = divmod(len(row), 2)
    if not odd and row[:half] == row[half:] and half > 1:
        return f"({note(row[:half])})"
    return text


before = None
for _ in range(int(input())):
    row = input().strip()
    if row == before:
        print("=")
    elif before is not None and row == before[::-1]:
        print("^")
    else:
        print(note(row))
    before = row
