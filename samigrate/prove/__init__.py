"""What a run must prove before a file is changed."""
