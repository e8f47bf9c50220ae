//! The host as its root has set it up: the folders below which its engines keep what they know, and
//! what stands in those. Everything is looked up in the host's own mount namespace, and nothing that
//! lies elsewhere is taken for an engine's: a container's storage, or a volume that it can write, may
//! hold the same names.

use std::cell::{LazyCell, OnceCell};
use std::os::fd::OwnedFd;

use nix::errno::Errno;

use super::engines;
use super::mounts::HostPaths;
use super::{LARGEST_MOUNTINFO, LARGEST_RECORD};
use crate::model::{Author, NsKey, NsKind, Pid, Process, Seen, Snapshot, text};
use crate::sys::accounts;
use crate::sys::authored::{self, Links, Reached};
use crate::sys::procfs::{ProcRoot, TaskDir};

/// A folder below which an engine of the host keeps what it knows of its containers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    /// Without links.
    path: Vec<u8>,
    author: Author,
}

/// Where engines of root keep it, unless they are told otherwise.
const OF_ROOT: [&str; 8] = [
    "/var/lib/docker",
    "/var/lib/containers/storage",
    "/run/containers/storage",
    "/run/containerd",
    "/run/docker",
    "/run/runc",
    "/run/crun",
    "/var/lib/containerd",
];

/// The same below the home of a user, and below her `/run/user/UID`.
const OF_HOME: [&str; 2] = [".local/share/docker", ".local/share/containers/storage"];
const OF_RUN: [&str; 4] = ["containers", "runc", "crun", "docker"];

/// The host.
pub struct Host<'a> {
    proc: &'a ProcRoot,
    root: Reached,
    /// Read once a mount needs to be found on the host, or a file system is come across.
    pub paths: LazyCell<HostPaths, Box<dyn FnOnce() -> HostPaths + 'a>>,
    of_root: OnceCell<Vec<Store>>,
    running: OnceCell<Vec<Store>>,
}

impl<'a> Host<'a> {
    /// The host, where it can be reached from here: its processes are in this procfs, its ids are
    /// ours, and its root directory is that of ourselves or of a process that shows it to us.
    pub fn reach(proc: &'a ProcRoot, snapshot: &Snapshot) -> Option<Host<'a>> {
        let links = &snapshot.reader.links;
        let is_initial = |kind: NsKind| {
            let inode = links.own(kind).get()?;
            snapshot.is_initial(NsKey { kind, inode }).get()
        };
        if !proc.is_ours()
            || is_initial(NsKind::Pid) != Some(true)
            || is_initial(NsKind::User) != Some(true)
        {
            return None;
        }
        // On kernels that do not fix the number of the first mount namespace it may not be known.
        let (task, root) = match is_initial(NsKind::Mnt) {
            Some(true) | None => (proc.own_task().ok()?, authored::open_directory(c"/").ok()?),
            Some(false) => through_another(proc, snapshot)?,
        };
        let table = move || {
            let table = task.read_up_to("mountinfo", LARGEST_MOUNTINFO);
            HostPaths::new(&table.unwrap_or_default())
        };
        Some(Host {
            proc,
            root: Reached::root(root).ok()?,
            paths: LazyCell::new(Box::new(table)),
            of_root: OnceCell::new(),
            running: OnceCell::new(),
        })
    }

    /// Who could have written what stands at a path, if that is an engine's.
    pub fn author(&self, snapshot: &Snapshot, made_by: &Seen<u32>, path: &str) -> Option<Author> {
        let path = text::to_bytes(path);
        let store = self.store_of(snapshot, made_by, &path)?;
        match self.walk(&path) {
            Ok(reached) => Some(store.author.or(reached.author)),
            // Its engine keeps it from us; whose store it is, is known.
            Err(Errno::EACCES) => Some(store.author),
            Err(_) => None,
        }
    }

    /// The contents of a file, and who could have written it, if it is in an engine's store.
    pub fn read(
        &self,
        snapshot: &Snapshot,
        made_by: &Seen<u32>,
        path: &str,
    ) -> Option<(Vec<u8>, Author)> {
        let path = text::to_bytes(path);
        let store = self.store_of(snapshot, made_by, &path)?;
        let reached = self.walk(&path).ok()?;
        let author = store.author.or(reached.author);
        Some((reached.read(LARGEST_RECORD).ok()?, author))
    }

    /// The same for a file of root's anywhere, such as a configuration.
    pub fn read_of_root(&self, path: &str) -> Option<Vec<u8>> {
        let reached = self.follow(&text::to_bytes(path)).ok()?;
        let is_roots = reached.author == Author::Root;
        is_roots.then(|| reached.read(LARGEST_RECORD).ok())?
    }

    /// The same for a file that the monitor of a container names.
    pub fn read_named_by(&self, author: Author, path: &str) -> Option<Vec<u8>> {
        self.read_of_one_of(&[author], path)
    }

    /// The contents of a file by one of these authors.
    pub fn read_of_one_of(&self, authors: &[Author], path: &str) -> Option<Vec<u8>> {
        let reached = self.follow(&text::to_bytes(path)).ok()?;
        let is_by = |author: &Author| reached.author.or(*author) == *author;
        let is_fit = authors.iter().any(is_by);
        is_fit.then(|| reached.read(LARGEST_RECORD).ok())?
    }

    /// Where root's links lead on a path, and who decides about it; without what does not exist.
    fn follow(&self, path: &[u8]) -> Result<Reached, Errno> {
        self.root
            .walk(path, Links::OfRoot, &|at| self.may_cross(at))
    }

    fn walk(&self, path: &[u8]) -> Result<Reached, Errno> {
        self.root
            .walk(path, Links::Refuse, &|at| self.may_cross(at))
    }

    fn may_cross(&self, path: &[u8]) -> bool {
        self.paths.is_plain_mount(&text::from_bytes(path))
    }

    /// The store that a path is in: of root, of the user who made the container, or of an engine that
    /// runs.
    fn store_of(&self, snapshot: &Snapshot, made_by: &Seen<u32>, path: &[u8]) -> Option<Store> {
        let of_root = self
            .of_root
            .get_or_init(|| self.stores(OF_ROOT.into_iter()));
        let is_in = |store: &&Store| is_below(path, &store.path);
        if let Some(store) = of_root.iter().find(is_in) {
            return Some(store.clone());
        }
        let user = made_by.get().filter(|uid| *uid != 0);
        if let Some(store) = user.and_then(|uid| {
            let stores = self.stores(of_user(uid).iter().map(String::as_str));
            stores.into_iter().find(|store| is_below(path, &store.path))
        }) {
            return Some(store);
        }
        let running = self.running.get_or_init(|| {
            let engines = engines::running(self.proc, snapshot, self);
            let stores = engines.into_iter().filter_map(|(path, author)| {
                let reached = self.follow(&path).ok()?;
                Some(Store {
                    path: reached.path,
                    author,
                })
            });
            stores.collect()
        });
        running.iter().find(is_in).cloned()
    }

    fn stores<'p>(&self, paths: impl Iterator<Item = &'p str>) -> Vec<Store> {
        let found = paths.filter_map(|path| {
            let reached = self.follow(path.as_bytes()).ok()?;
            Some(Store {
                path: reached.path,
                author: reached.author,
            })
        });
        found.filter(|it| it.author != Author::Anyone).collect()
    }
}

fn of_user(uid: u32) -> Vec<String> {
    let home = accounts::home_of(uid);
    let at_home = home.iter().flat_map(|home| {
        OF_HOME
            .iter()
            .map(move |folder| format!("{}/{folder}", home.trim_end_matches('/')))
    });
    let run = OF_RUN
        .iter()
        .map(|folder| format!("/run/user/{uid}/{folder}"));
    at_home.chain(run).collect()
}

fn is_below(path: &[u8], folder: &[u8]) -> bool {
    let rest = path.strip_prefix(folder);
    rest.is_some_and(|rest| rest.starts_with(b"/"))
}

/// A root directory of the host by way of one of its processes, for which we need the right to trace
/// it: an agent in a container that shares the host's PIDs.
fn through_another(proc: &ProcRoot, snapshot: &Snapshot) -> Option<(TaskDir, OwnedFd)> {
    [Process::INIT, Process::KTHREADD]
        .into_iter()
        .find_map(|pid: Pid| {
            let task = proc.task(pid).ok()?;
            let key = task.namespace(NsKind::Mnt)?;
            let is_hosts = snapshot.is_initial(key) == Seen::Known(true);
            let root = is_hosts.then(|| task.open_directory("root").ok())??;
            Some((task, root))
        })
}
