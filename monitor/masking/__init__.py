"""Personal data in what was said: finding it, and hiding it until somebody asks for it with a reason."""
