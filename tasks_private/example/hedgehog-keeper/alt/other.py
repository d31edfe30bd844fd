class Hedgehog:
    def __init__(self):
        self.hunger, self.mood, self.wakes, self.clock = 3, 7, None, 0

    def change(self, hunger=0, mood=0):
        self.hunger = sorted((0, self.hunger + hunger, 10))[1]
        self.mood = sorted((0, self.mood + mood, 10))[1]

    def feed(self):
        if self.wakes is None:
            self.change(mood=-2) if self.hunger == 0 else self.change(hunger=-3)

    def play(self):
        if self.wakes is not None:
            self.wakes = None
            self.change(mood=-3)
        elif self.hunger > 7:
            self.change(mood=-1)
        else:
            self.change(hunger=1, mood=2)

    def dark(self):
        if self.wakes is None:
            if self.hunger < 6:
                self.wakes = self.clock + 4
            else:
                self.change(mood=-1)

    def minute(self, letter):
        self.clock += 1
        action = {"F": self.feed, "P": self.play, "L": self.dark}.get(letter)
        if action:
            action()
        if self.wakes is None:
            if self.clock % 3 == 0:
                self.change(hunger=1)
        else:
            self.change(mood=1)
            if self.wakes == self.clock:
                self.wakes = None
        return 0 < self.mood and self.hunger < 10


def hedgehog_keeper(play):
    toy = Hedgehog()
    for letter in play:
        if not toy.minute(letter):
            break
    return [toy.clock, toy.hunger, toy.mood]
