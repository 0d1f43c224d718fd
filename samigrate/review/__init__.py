"""A migration in the hands of people: the plan that they edit, and the pull requests that it becomes."""
