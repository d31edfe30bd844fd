import sys

plain = "abcdefghijklmnopqrsStTuvwxyz"
words = sys.stdin.read().split()[1:]
keyed = []
for place, word in enumerate(words):
    short = word.replace("sh", "S").replace("th", "T").replace(".", "")
    keyed.append(([plain.index(c) for c in short], place, word))
for _, _, word in sorted(keyed):
    print(word)
