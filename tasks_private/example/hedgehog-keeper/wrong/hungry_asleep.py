def hedgehog_keeper(play: str) -> list[int]:
    hunger, mood, asleep = 3, 7, 0  # asleep: minutes of sleep begun, 0 = awake
    minute = 0
    for minute, letter in enumerate(play, start=1):
        if asleep:
            asleep += 1
            if letter == "P":
                asleep, mood = 0, mood - 3
        elif letter == "F":
            if hunger:
                hunger -= 3
            else:
                mood -= 2
        elif letter == "P":
            if hunger >= 8:
                mood -= 1
            else:
                mood, hunger = mood + 2, hunger + 1
        elif letter == "L":
            if hunger <= 5:
                asleep = 1
            else:
                mood -= 1
        hunger, mood = min(10, max(0, hunger)), min(10, max(0, mood))
        if asleep:
            mood += 1
            if asleep == 5:
                asleep = 0
        if minute % 3 == 0:
            hunger += 1
        hunger, mood = min(10, hunger), min(10, mood)
        if hunger == 10 or mood == 0:
            break
    return [minute, hunger, mood]
