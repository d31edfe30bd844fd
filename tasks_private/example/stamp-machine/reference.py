def stamp_machine(events: list[str]) -> list[str]:
    prices = {"A": 35, "B": 60}
    chute: list[int] = []
    answers: list[str] = []
    kicks = 0
    for event in events:
        if event in prices:
            if sum(chute) < prices[event]:
                answers.append("no")
                continue
            swallowed = 0
            while swallowed < prices[event]:
                swallowed += chute.pop(0)
            answers.append(event)
        elif event == "R":
            answers.append("+".join(map(str, reversed(chute))) or "nothing")
            chute.clear()
        elif event == "K":
            kicks += 1
            if kicks % 3:
                answers.append("ouch")
            else:
                answers.append(str(chute.pop()) if chute else "nothing")
        else:
            chute.append(int(event))
    return answers
