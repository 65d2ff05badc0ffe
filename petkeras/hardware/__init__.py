"""The hardware that petkeras runs on: devices, strategies, faster gradients, and the doctor."""
