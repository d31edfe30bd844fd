"""The reference endpoint's halves: how each protocol is spoken, and what may go wrong."""
