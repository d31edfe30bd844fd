"""What is asked of an endpoint before any hidden task is: harmless questions, one finding each."""
