"""Docker boxes: one fresh, hardened, one-shot container per request, made ahead of its use."""
