"""What petkeras needs from the operating system: files, memory, and standard error."""
