package owner

// Same does nothing: on Windows, files inherit their rights from the data directory.
func Same(path, like string) error { return nil }
