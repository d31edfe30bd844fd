from itertools import groupby


def note(row):
    text = ""
    for stitch, run in groupby(row):
        m = len(list(run))
        text += stitch if m == 1 else f"{stitch}{m}"
    half, odd = divmod(len(text), 2)
    if not odd and text[:half] == text[half:]:
        return f"({text[:half]})"
    return text


before = None
for _ in range(int(input())):
    row = input().strip()
    if before is not None and row == before[::-1]:
        print("^")
    elif row == before:
        print("=")
    else:
        print(note(row))
    before = row
