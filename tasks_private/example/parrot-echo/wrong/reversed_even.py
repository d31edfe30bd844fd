def parrot_echo(sentence: str, favourite: str) -> str:
    said = []
    for word in sentence.split():
        half, odd = divmod(len(word), 2)
        if odd:
            changed = word[: half + 1] + word[half:]
        else:
            changed = word[::-1]
        said += [changed] * (2 if favourite in word else 1)
    return " ".join(said)
