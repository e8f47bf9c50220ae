//! Its cgroup.

section!("Its cgroup":
    path,
    writable_above,
);
