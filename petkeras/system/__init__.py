"""What petkeras needs from the operating system: files, memory, TensorFlow, terminal."""
