//! What it sees of processes.

section!("What it sees of processes":
    of_others,
    at_most,
);
