"""What petkeras needs from the operating system: files, fonts, memory, TensorFlow, terminal."""
