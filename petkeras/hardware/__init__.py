"""What petkeras runs on: devices, strategies, quicker gradients, and the doctor."""
