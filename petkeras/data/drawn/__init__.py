"""Pets that petkeras draws."""
