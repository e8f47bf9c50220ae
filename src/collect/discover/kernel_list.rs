//! The kernel's own list, the only complete answer: what it names and nothing else explains.

use nix::errno::Errno;

use super::{Fared, Findings};
use crate::collect::host;
use crate::model::namespace::{Holder, NsKey};
use crate::model::{LayerState, Snapshot, Why};
use crate::sys::{list, nsfs, why};

pub fn look(snapshot: &Snapshot, findings: &mut Findings) -> LayerState {
    let ids = match list::namespace_ids() {
        Ok(ids) => ids,
        Err(errno) => {
            let mut fared = Fared::default();
            fared.note(&why(errno));
            return fared.state();
        }
    };
    let mut fared = Fared::default();
    // To others the kernel lists only the namespaces that they are in (may_list_ns in
    // kernel/nstree.c), and does not say so.
    if !host::sees_all_namespaces(&snapshot.reader) {
        fared.note(&Why::Denied);
    }
    for id in ids {
        match key_of(id) {
            Ok(key) => {
                let known = snapshot.namespaces.get(&key);
                if known.is_none_or(|namespace| namespace.holders.is_empty()) {
                    findings.add(key, Holder::Kernel { ns_id: id });
                }
            }
            // It died since.
            Err(Errno::ESTALE | Errno::ENOENT) => {}
            Err(errno) => fared.note(&why(errno)),
        }
    }
    fared.state()
}

fn key_of(id: u64) -> Result<NsKey, Errno> {
    let fd = list::open_by_id(id)?;
    Ok(NsKey {
        kind: nsfs::kind(&fd)?,
        inode: nsfs::identity(&fd)?.inode,
    })
}
