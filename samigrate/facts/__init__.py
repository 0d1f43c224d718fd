"""From works to proposals, over the planned state."""
