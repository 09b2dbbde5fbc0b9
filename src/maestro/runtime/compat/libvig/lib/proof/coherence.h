/* Holds only annotations for another tool; existing NFs include it. */
