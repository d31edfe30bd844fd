def foxes_and_hens(ann, bob, limit):
    piles = {"ann": list(ann), "bob": list(bob)}
    beats = {(x, y) for x in range(1, 10) for y in range(1, 10) if x - y > 1 or y - x == 1}
    pot, played = [], 0
    for _ in range(limit):
        if not piles["ann"] or not piles["bob"]:
            break
        played += 1
        cards = {who: pile.pop(0) for who, pile in piles.items()}
        if cards["ann"] == cards["bob"]:
            pot.extend((cards["ann"], cards["bob"]))
            continue
        win, lose = ("ann", "bob") if (cards["ann"], cards["bob"]) in beats else ("bob", "ann")
        piles[win] = piles[win] + pot + [cards[lose], cards[win]]
        pot = []
    return [len(piles["ann"]), len(piles["bob"]), len(pot), played]
