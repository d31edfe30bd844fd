import re
import sys

rows = sys.stdin.read().split()[1:]
for i, row in enumerate(rows):
    last = rows[i - 1] if i else ""
    if last == row:
        print("=")
        continue
    if last == "".join(reversed(row)):
        print("^")
        continue
    text = re.sub(r"(.)\1+", lambda run: run[1] + str(len(run[0])), row)
    print(re.sub(r"^(.+)\1$", r"(\1)", text))
