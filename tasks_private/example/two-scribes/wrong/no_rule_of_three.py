def scribe_share(line: str, a: str, b: str) -> int:
    # state: (letters by Ada, who wrote last, how many in a row)
    states = {(0, "", 0)}
    for i, letter in enumerate(line):
        following = set()
        for ada, last, run in states:
            for who, word, used in (("A", a, ada), ("B", b, i - ada)):
                if word[used % len(word)] != letter:
                    continue
                row = run + 1 if who == last else 1
                if True:
                    following.add((ada + (who == "A"), who, row))
        states = following
    return max((ada for ada, _, _ in states), default=-1)
