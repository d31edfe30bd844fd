"""Rotations on one scale: what a model's score would have been on the first form of its track.

Each rotation has tasks of its own, so 60 % of one may be worth more than 67 % of another. A panel
of frozen models takes them all and tells how much harder each is. Example: ``rasch`` finds that the
second rotation is .506 logits harder; 60.0 % there is 67.6 % on the form of the first.
"""
