//! Namespaces that no process is in: each way to keep one alive is arranged for real, and the
//! answer must name the namespace, its kind, what holds it and who governs it.

mod root;
mod unprivileged;
