"""What petkeras asks of the operating system: files, memory, and standard error."""
