"""What the user's own files say: settings and evidence."""
