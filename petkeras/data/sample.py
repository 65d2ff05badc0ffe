VERSION = 1  # placeholder, to be overwritten
