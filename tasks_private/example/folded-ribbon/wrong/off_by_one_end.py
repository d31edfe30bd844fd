def ribbon_letter(recipe: str, position: int) -> str:
    def parse(at, stop):
        """Items up to the stop mark: (length, kind, inner items)."""
        items = []
        while at < len(recipe) and recipe[at] != stop:
            mark = recipe[at]
            if mark == "(":
                inner, at = parse(at + 1, ")")
                times = int(recipe[at + 1])
                items.append((times * total(inner), "repeat", inner))
                at += 2
            elif mark == "[":
                inner, at = parse(at + 1, "]")
                items.append((2 * total(inner), "mirror", inner))
                at += 1
            else:
                items.append((1, mark, []))
                at += 1
        return items, at

    def total(items):
        return sum(length for length, _, _ in items)

    items, _ = parse(0, "")
    if position > total(items):
        return ""
    while True:
        for length, kind, inner in items:
            if position < length:
                break
            position -= length
        if kind == "repeat":
            position %= total(inner)
        elif kind == "mirror":
            if position >= total(inner):
                position = length - 1 - position
        else:
            return kind
        items = inner
