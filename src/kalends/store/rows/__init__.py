"""What a store takes and gives, by subject. Callers import it from ``store.contract``."""
