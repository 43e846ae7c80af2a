"""Files that don't come with the package: fetched from the user's own package index, each by its digest."""
