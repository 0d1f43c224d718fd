"""Plan files: what people edit between a plan and its application."""
