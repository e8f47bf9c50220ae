//! How mounts propagate, by path (mount_namespaces(7)). To try that would change what the target uses.

use std::fmt;
use std::rc::Rc;

use serde::Deserialize;

use crate::model::mount::Mount;
use crate::model::{NsKind, Process};
use crate::verify::claim::{AnyClaim, Claim, Needs};
use crate::verify::claims::{Resolve, Spec};
use crate::verify::probes::Experiment;
use crate::verify::reading::{Context, Reading};
use crate::verify::values::AbsolutePath;
use crate::verify::verdict::Verdict;

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(inline))]
#[serde(transparent)]
pub struct Yaml(Vec<PropagationClaim>);

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct PropagationClaim {
    path: AbsolutePath,
    is: Is,
}

impl Spec for Yaml {
    const ABOUT: &'static str = "How mounts propagate, by path";
    const EXAMPLE: &'static str = "[{path: /, is: not-to-host}, {path: /data, is: private}]";

    fn claims<E>(&self, _: Resolve<'_, E>) -> Result<Vec<AnyClaim>, E> {
        let claim = |it: &PropagationClaim| -> AnyClaim {
            let (path, is) = (it.path.0.clone(), it.is);
            Rc::new(Propagation { path, is })
        };
        Ok(self.0.iter().map(claim).collect())
    }
}

/// How a mount propagates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(inline))]
#[serde(rename_all = "kebab-case")]
pub enum Is {
    /// Nothing from or to anywhere.
    Private,
    /// From outside only.
    Slave,
    Shared,
    Unbindable,
    /// What is mounted in there does not appear on the host
    NotToHost,
}

impl Is {
    const fn words(self) -> &'static str {
        match self {
            Is::Private => "private",
            Is::Slave => "slave",
            Is::Shared => "shared",
            Is::Unbindable => "unbindable",
            Is::NotToHost => "do not reach the host",
        }
    }
}

#[derive(Clone, Debug)]
pub struct Propagation {
    pub path: String,
    pub is: Is,
}

impl Propagation {
    /// Nothing that it mounts appears on the host.
    pub fn not_to_host() -> AnyClaim {
        let (path, is) = ("/".to_owned(), Is::NotToHost);
        Rc::new(Propagation { path, is })
    }
}

impl fmt::Display for Propagation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Propagation { path, is } = self;
        match is {
            Is::NotToHost => write!(f, "mounts below {path} {}", is.words()),
            _ => write!(f, "propagation of {path} {}", is.words()),
        }
    }
}

impl Claim for Propagation {
    fn kind(&self) -> Option<NsKind> {
        Some(NsKind::Mnt)
    }

    fn needs(&self) -> Needs {
        Needs::path(&self.path)
    }

    fn explain(&self) -> String {
        "reads /proc/PID/mountinfo and that of the host".to_owned()
    }

    fn read(&self, context: &Context<'_>, _: &Process) -> Reading {
        read(context, &self.path, self.is)
    }

    fn experiment(&self) -> Option<Experiment> {
        let never = "to try how mounts propagate would change what the target uses";
        let experiment = Experiment::new(move |_| Err(never.into()));
        Some(match self.is {
            Is::NotToHost => experiment.search(),
            _ => experiment,
        })
    }
}

fn read(context: &Context<'_>, path: &str, is: Is) -> Reading {
    let there = match context.look(path) {
        Ok(Some(there)) => there,
        Ok(None) => return Reading::new(Verdict::Fails, "nothing is there").sure(),
        Err(why) => return Reading::unknown("what is there", &why),
    };
    let mount = match context.mount_of(path, there) {
        Ok(mount) => mount,
        Err(why) => return Reading::unknown("its mount", &why),
    };
    if is == Is::NotToHost {
        return not_to_host(context, mount);
    }
    let holds = match is {
        Is::Private => mount.shared.is_none() && mount.master.is_none() && !mount.unbindable,
        Is::Slave => mount.shared.is_none() && mount.master.is_some(),
        Is::Shared => mount.shared.is_some(),
        Is::Unbindable => mount.unbindable,
        Is::NotToHost => false,
    };
    let words = in_words(mount);
    Reading::holds_if(
        holds,
        format!("its mount at {} is {words}", mount.mount_point),
    )
    .sure()
    .seen(
        context.file("mountinfo"),
        format!("{} {words}", mount.mount_point),
    )
}

fn in_words(mount: &Mount) -> String {
    let words = [
        mount.shared.map(|group| format!("shared:{group}")),
        mount.master.map(|group| format!("master:{group}")),
        mount.unbindable.then(|| "unbindable".to_owned()),
    ];
    let words: Vec<String> = words.into_iter().flatten().collect();
    match words.is_empty() {
        true => "private".to_owned(),
        false => words.join(" "),
    }
}

/// Whether the mount at a path, and those below it, are in no peer group of the host's.
fn not_to_host(context: &Context<'_>, at: &Mount) -> Reading {
    let table = match context.mounts() {
        Ok(table) => table,
        Err(why) => return Reading::unknown("its mount table", &why),
    };
    let is_below =
        |mount: &&Mount| crate::model::mount::below(&at.mount_point, &mount.mount_point).is_some();
    // What is in no peer group at all needs no look at the host's.
    let has_peers = |mount: &Mount| mount.shared.is_some();
    let none = Vec::new();
    let host = match context.snapshot.host_mounts.as_ref() {
        Ok(host) => host,
        Err(why) if table.iter().filter(is_below).any(has_peers) => {
            return Reading::unknown("the mount table of the host", why);
        }
        Err(_) => &none,
    };
    for mount in table.iter().filter(is_below) {
        let Some(group) = mount.shared else {
            continue;
        };
        if let Some(peer) = host.iter().find(|it| it.shared == Some(group)) {
            let (own, theirs) = (&mount.mount_point, &peer.mount_point);
            return Reading::new(
                Verdict::Fails,
                format!("{own} and {theirs} of the host are peers"),
            )
            .seen(context.file("mountinfo"), format!("{own} shared:{group}"))
            .seen("mountinfo of the host", format!("{theirs} shared:{group}"));
        }
    }
    let says = "none of its mounts is a peer of one of the host";
    Reading::new(Verdict::Holds, says).seen(
        context.file("mountinfo"),
        format!("{} {}", at.mount_point, in_words(at)),
    )
}
