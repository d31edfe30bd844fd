def picky_crate(weights: list[int]) -> list[int]:
    taken: list[int] = []
    refused: list[int] = []
    patience = 2
    for place, weight in enumerate(weights):
        recent = taken[-3:]
        if patience == 0 or weight * len(recent) >= sum(recent):
            taken.append(weight)
            patience = 2
        else:
            refused.append(place)
            patience -= 1
    return refused
