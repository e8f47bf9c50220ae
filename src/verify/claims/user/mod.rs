//! The user namespace.

section!("Its user namespace":
    root_on_host,
    uid_map,
    gid_map,
    setgroups,
);
