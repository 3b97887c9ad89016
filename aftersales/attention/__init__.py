"""What the system could not do by itself and nobody has been asked about: one page that says what to do about each."""
