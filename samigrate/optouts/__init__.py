"""What people have said no to, or know already."""
