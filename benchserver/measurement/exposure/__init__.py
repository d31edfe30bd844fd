"""What it costs to show a task: budgets, pool sizes, leaks, and when the pool will be used up."""
