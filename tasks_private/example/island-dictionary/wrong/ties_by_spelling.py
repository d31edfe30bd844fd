def letters(word):
    found, i = [], 0
    while i < len(word):
        if word[i : i + 2] in ("sh", "th"):
            found.append((word[i], 1))
            i += 2
        else:
            if word[i] != ".":
                found.append((word[i], 0))
            i += 1
    return found


words = [input().strip() for _ in range(int(input()))]
print("\n".join(sorted(words, key=lambda w: (letters(w), w))))
