def ribbon_letter(recipe, position):
    # A stack machine notes the length of the ribbon after each prefix, then walks back.
    match, stack = {}, []
    for i, c in enumerate(recipe):
        if c in "([":
            stack.append(i)
        elif c in ")]":
            match[i] = stack.pop()
    lengths = [0] * (len(recipe) + 1)
    for i, c in enumerate(recipe):
        before = lengths[i]
        if c.isdigit():
            start = lengths[match[i - 1]]
            before = start + (before - start) * int(c)
        elif c == "]":
            start = lengths[match[i]]
            before = start + (before - start) * 2
        elif c.isalpha():
            before += 1
        lengths[i + 1] = before
    if position >= lengths[-1]:
        return ""
    i = len(recipe)
    while True:
        while i > 1 and lengths[i - 1] > position:
            i -= 1
        c = recipe[i - 1]
        if c.isdigit():
            start = lengths[match[i - 2]]
            position = start + (position - start) % (lengths[i - 1] - start)
        elif c == "]":
            start, end = lengths[match[i - 1]], lengths[i]
            position = start + (end - 1 - position)
        elif c.isalpha():
            return c
        i -= 1
