"""Evidence that lasts: who signed a result, whether another run agrees, a history, an archive's form."""
