//! Who listens: abstract unix sockets of network namespaces that several containers share, and the
//! processes behind sockets.

use std::collections::{BTreeMap, BTreeSet};

use super::{Looker, late, too_many};
use crate::collect::discover::tables;
use crate::collect::processes::living_task;
use crate::model::exposure::{Anchor, Exposure, Listener, Part};
use crate::model::{NsKind, Pid, Place, Process, Seen, text};
use crate::sys::why;

/// A table beyond this (bytes) is read no further.
const LARGEST_TABLE: usize = 4 << 20;

/// Of one network namespace so many are kept.
const MOST: usize = 4096;

/// The abstract sockets of the network namespaces that the given processes share with others.
pub fn of_shared_networks(looker: &Looker<'_>, tasks: &[Pid]) -> BTreeMap<u64, Part<Listener>> {
    let snapshot = looker.snapshot;
    let network = |process: &Process| process.links.own(NsKind::Net).get();
    let mut places: BTreeMap<u64, BTreeSet<Place>> = BTreeMap::new();
    for process in snapshot.processes.iter() {
        // Two are enough to know that it is shared.
        if let Some(net) = network(process)
            && places.get(&net).is_none_or(|known| known.len() < 2)
        {
            places.entry(net).or_default().insert(Place::of(process));
        }
    }
    let mut found = BTreeMap::new();
    for process in tasks
        .iter()
        .filter_map(|task| snapshot.processes.get(*task))
    {
        if let Some(net) = network(process)
            && places.get(&net).is_some_and(|places| places.len() > 1)
        {
            found
                .entry(net)
                .or_insert_with(|| of_network(looker, process));
        }
    }
    found
}

fn of_network(looker: &Looker<'_>, process: &Process) -> Part<Listener> {
    if looker.is_late() {
        return Part::unknown(late());
    }
    let net = process.links.own(NsKind::Net);
    let is_ours = net.is_known() && net == looker.snapshot.reader.links.own(NsKind::Net);
    let mut found: Vec<Listener> = match &looker.sockets {
        Seen::Known(sockets) if is_ours => {
            let is_abstract = |name: &[u8]| name.first() == Some(&0);
            let listening = sockets.values().filter(|socket| socket.is_listening);
            listening
                .filter(|socket| socket.name.as_deref().is_some_and(is_abstract))
                .map(Listener::from)
                .collect()
        }
        _ => {
            let task = living_task(looker.root, process.task());
            match task.and_then(|task| task.read_up_to("net/unix", LARGEST_TABLE)) {
                Ok(table) if table.len() < LARGEST_TABLE => parse(&table),
                Ok(_) => return Part::unknown(too_many()),
                Err(errno) => return Part::unknown(why(errno)),
            }
        }
    };
    let gap = (found.len() > MOST).then(too_many);
    found.truncate(MOST);
    Part { found, gap }
}

/// `Num RefCount Protocol Flags Type St Inode Path` (unix_seq_show in net/unix/af_unix.c); NULs of
/// an abstract name stand as `@`, and flag 0x10000 is that of a listener.
fn parse(table: &[u8]) -> Vec<Listener> {
    let lines = table.split(|byte| *byte == b'\n');
    let listener = |line: &[u8]| {
        let line = text::from_bytes(line);
        let mut fields = line.split_whitespace();
        let flags = fields.nth(3)?;
        let socket = fields.nth(2)?.parse().ok()?;
        let name = line.split_once(" @")?.1;
        (u32::from_str_radix(flags, 16).ok()? & 0x1_0000 != 0).then(|| Listener {
            name: format!("@{name}"),
            socket,
            pid: None,
            program: None,
        })
    };
    lines.filter_map(listener).collect()
}

/// Finds out who has the sockets open that matter, in one pass over all tables of descriptors.
pub fn find_owners(
    looker: &Looker<'_>,
    exposures: &mut BTreeMap<Pid, Exposure>,
    networks: &mut BTreeMap<u64, Part<Listener>>,
) {
    let of_exposures = exposures.values_mut().flat_map(|exposure| {
        let files = exposure.sockets.found.iter_mut();
        let files = files.map(|file| &mut file.listener);
        let handles = exposure.handles.found.iter_mut();
        let peers = handles.filter_map(|handle| match &mut handle.what {
            Some(Anchor::Peer { listener }) => Some(listener),
            _ => None,
        });
        files.chain(peers)
    });
    let of_networks = networks.values_mut().flat_map(|part| &mut part.found);
    let mut listeners: Vec<&mut Listener> = of_exposures.chain(of_networks).collect();
    let wanted: BTreeSet<u64> = listeners.iter().map(|it| it.socket).collect();
    if wanted.is_empty() {
        return;
    }
    let owners = owners(looker, &wanted);
    for listener in &mut listeners {
        if let Some((pid, program)) = owners.get(&listener.socket) {
            listener.pid = Some(*pid);
            listener.program.clone_from(program);
        }
    }
}

/// A process for each socket, with its program. One that init has opened for another is the other's.
fn owners(looker: &Looker<'_>, wanted: &BTreeSet<u64>) -> BTreeMap<u64, (Pid, Option<String>)> {
    let mut owners: BTreeMap<u64, (Pid, Option<String>)> = BTreeMap::new();
    for process in tables::owners(looker.snapshot) {
        if looker.is_late() {
            break;
        }
        let Ok(table) = tables::of_process(looker.root, process) else {
            continue;
        };
        for fd in &table.fds {
            let Ok(stat) = table.task.fd_stat(*fd) else {
                continue;
            };
            let is_free =
                |owner: Option<&(Pid, _)>| owner.is_none_or(|(pid, _)| *pid == Process::INIT);
            if stat.is_socket && wanted.contains(&stat.inode) && is_free(owners.get(&stat.inode)) {
                let program = table.task.link("exe").ok();
                let program = program.map(|path| text::from_bytes(&path));
                owners.insert(stat.inode, (process.pid, program));
            }
        }
    }
    owners
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn abstract_listeners_are_told_from_paths_and_from_connections() {
        let table = b"Num       RefCount Protocol Flags    Type St Inode Path\n\
            0000000000000000: 00000002 00000000 00010000 0001 01 23456 @/containerd-shim/x y@\n\
            0000000000000000: 00000002 00000000 00010000 0001 01 23457 /run/docker.sock\n\
            0000000000000000: 00000003 00000000 00000000 0001 03 23458 @/tmp/dbus\n\
            0000000000000000: 00000003 00000000 00000000 0001 03 23459\n";
        let found = parse(table);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].name, "@/containerd-shim/x y@");
        assert_eq!(found[0].socket, 23456);
    }
}
