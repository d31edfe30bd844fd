def moth_label(label: str, appetite: int) -> str:
    left, taste = [], None
    for mark in label:
        if not "a" <= mark <= "z":
            taste = None
        elif taste is not None and abs(ord(mark) - ord(taste)) <= appetite:
            mark = "."
        else:
            taste = mark
        left.append(mark)
    return "".join(left)
