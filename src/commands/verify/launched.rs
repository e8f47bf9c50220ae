//! Proving what `run` launches, before the program is started.

use std::any::Any;
use std::collections::BTreeSet;
use std::rc::Rc;

use nix::unistd::gethostname;

use super::plan::of_file;
use super::subject::Subject;
use super::{prove, text};
use crate::cli::{Color, Global, PropagationArg, RunArgs};
use crate::collect::{Collector, Depth};
use crate::commands::source::Source;
use crate::error::Error;
use crate::isolate::gate::{Gate, Waiting};
use crate::isolate::init_end::all_end_with_init;
use crate::isolate::launch::Launch;
use crate::model::process::{Offset, TimeOffsets};
use crate::model::{NsKey, NsKind, Process, Seen, Snapshot};
use crate::output;
use crate::output::terminal::Terminal;
use crate::verify::claim::{Against, AnyClaim};
use crate::verify::claims::hostname::Hostname;
use crate::verify::claims::isolated::Isolated;
use crate::verify::claims::processes::of_others::OnlyOwnProcesses;
use crate::verify::claims::propagation::Propagation;
use crate::verify::claims::stays::Stays;
use crate::verify::claims::time::Offsets;
use crate::verify::claims::user::uid_map::{IdMap, Ids};
use crate::verify::probes::random_name;
use crate::verify::report::Report;
use crate::verify::verdict::{Evidence, Judged, Proof, Verdict};

/// The gate before the program, if anything is to be proven.
pub fn gate(global: &Global, args: &RunArgs, launch: &Launch) -> Result<Option<Gate>, Error> {
    let (kinds, usual) = match args.verify {
        true => (launch.kinds.clone(), usual(args, launch)),
        false => Default::default(),
    };
    let mut claimed = Vec::new();
    for file in &args.claims {
        claimed.extend(of_file(file)?);
    }
    if claimed.is_empty() && !args.verify {
        return Ok(None);
    }
    let exercises = exercises(args, launch);
    let with_user = launch.kinds.contains(&NsKind::User);
    let (verbose, color) = (global.verbose, global.color);
    let gate = Gate::stay(move |waiting| {
        match judge(
            waiting,
            &kinds,
            [usual, claimed].concat(),
            &exercises,
            with_user,
        ) {
            Ok((snapshot, report)) => tell(&snapshot, &report, verbose, color),
            Err(error) => {
                output::complain(&error);
                false
            }
        }
    })?;
    Ok(Some(gate))
}

/// Says what came of it on standard error: in a line, if all holds. Whether it does.
fn tell(snapshot: &Snapshot, report: &Report, verbose: bool, color: Color) -> bool {
    let is_proven = report.verdict() == Verdict::Holds;
    if verbose || !is_proven {
        let terminal = Terminal {
            color: false,
            ..Terminal::detect(color)
        };
        output::note(text::verify(&terminal, snapshot, report, verbose).trim_end());
    } else {
        let claims = match report.counts()[&Verdict::Holds] {
            1 => "1 claim".to_owned(),
            count => format!("{count} claims"),
        };
        output::note(&format!("nsinspect: proven before the start: {claims}"));
    }
    is_proven
}

/// What new namespaces are there for, beside being others than ours.
fn usual(args: &RunArgs, launch: &Launch) -> Vec<AnyClaim> {
    let has = |kind| launch.kinds.contains(&kind);
    let mut claims: Vec<AnyClaim> = Vec::new();
    if has(NsKind::User) {
        let maps = [(Ids::Uid, &launch.maps.uid), (Ids::Gid, &launch.maps.gid)];
        claims.extend(
            maps.into_iter()
                .filter_map(|(ids, map)| -> Option<AnyClaim> {
                    let map = map.as_ref()?.ranges.clone();
                    Some(Rc::new(IdMap { ids, map }))
                }),
        );
    }
    let hostname = launch.hostname.clone();
    claims.extend(hostname.map(|name| -> AnyClaim { Rc::new(Hostname(name)) }));
    if has(NsKind::Time) {
        let offset = |seconds: Option<i64>| Offset {
            seconds: seconds.unwrap_or(0),
            nanoseconds: 0,
        };
        claims.push(Rc::new(Offsets(TimeOffsets {
            monotonic: offset(launch.monotonic),
            boottime: offset(launch.boottime),
        })));
    }
    if has(NsKind::Mnt) && is_apart(args) {
        claims.push(Propagation::not_to_host());
    }
    // Without a root file system of its own it has every procfs of the host but the one on /proc.
    if has(NsKind::Pid) && launch.view.proc.is_some() && args.rootfs.is_some() {
        claims.push(Rc::new(OnlyOwnProcesses));
    }
    claims
}

fn is_apart(args: &RunArgs) -> bool {
    matches!(
        args.propagation,
        PropagationArg::Private | PropagationArg::Slave
    )
}

/// What is done in there, of what was asked for.
fn exercises(args: &RunArgs, launch: &Launch) -> Vec<Stays> {
    let has = |kind| launch.kinds.contains(&kind);
    let all = [
        (Stays::Hostname, has(NsKind::Uts)),
        (Stays::Mount, has(NsKind::Mnt) && is_apart(args)),
        (Stays::Init, has(NsKind::Pid)),
    ];
    let wanted = all
        .into_iter()
        .filter(|(_, is_wanted)| args.verify && *is_wanted);
    wanted.map(|(exercise, _)| exercise).collect()
}

/// Judges whether what waits is isolated in these kinds, and whatever else is claimed of it.
fn judge(
    waiting: &mut Waiting,
    kinds: &BTreeSet<NsKind>,
    claims: Vec<AnyClaim>,
    exercises: &[Stays],
    with_user: bool,
) -> Result<(Snapshot, Report), Error> {
    let source = Source::Live(Collector::open("/proc".as_ref())?);
    let mut snapshot = source.scan(Depth::Status)?;
    source.add(&mut snapshot, waiting.pid);
    let tasks = [waiting.pid, Process::INIT, Process::KTHREADD];
    source.deepen(&mut snapshot, &tasks, Depth::Everything);
    source.look_at_settings(&mut snapshot);
    if !snapshot.processes.contains(waiting.pid) {
        return Err(source.no_process(waiting.pid));
    }
    let isolated = NsKind::BY_WEIGHT.into_iter();
    let isolated = isolated.filter(|kind| kinds.contains(kind));
    let isolated = isolated.map(|kind| from_where_we_are(&snapshot, kind));
    let claims = isolated.chain(claims).collect();
    let subject = Subject {
        name: "what is launched".to_owned(),
        task: waiting.pid,
        is_container: false,
        claims,
    };
    let mut report = prove(&source, &mut snapshot, &[subject], None);
    let Some(target) = report.targets.first_mut() else {
        return Ok((snapshot, report));
    };
    for exercise in exercises {
        let judged = do_exercise(waiting, *exercise, with_user, &target.judged);
        target.judged.push(judged);
    }
    Ok((snapshot, report))
}

/// What is launched is isolated from whoever launches it; where we are on the host, from that.
fn from_where_we_are(snapshot: &Snapshot, kind: NsKind) -> AnyClaim {
    let own = snapshot.reader.links.own(kind).get();
    let is_on_host = own.map(|inode| snapshot.is_initial(NsKey { kind, inode }));
    let against = match is_on_host {
        Some(Seen::Known(true)) => Against::Host,
        _ => Against::Caller,
    };
    Rc::new(Isolated { kind, against })
}

/// Does one, unless it is not sure that nobody outside would notice.
fn do_exercise(
    waiting: &mut Waiting,
    exercise: Stays,
    with_user: bool,
    judged: &[Judged],
) -> Judged {
    let claim: AnyClaim = Rc::new(exercise);
    let kind = claim.kind();
    let is_apart = judged.iter().any(|it| {
        let about: &dyn Any = it.claim.as_ref();
        let isolated = about.downcast_ref::<Isolated>();
        isolated.map(|it| it.kind) == kind && kind.is_some() && it.verdict == Verdict::Holds
    });
    let done = match (is_apart, exercise) {
        (false, _) => Err("it is not sure that it is isolated".to_owned()),
        (true, Stays::Hostname) => hostname(waiting),
        (true, Stays::Mount) => mount(waiting),
        (true, Stays::Init) => init(with_user),
    };
    let (verdict, did, evidence, reason) = match done {
        Ok((holds, did, evidence)) => {
            let verdict = match holds {
                true => Verdict::Holds,
                false => Verdict::Fails,
            };
            (verdict, did, vec![evidence], None)
        }
        Err(why) => {
            let reason = format!("not tried: {why}");
            (Verdict::Undecided, reason.clone(), Vec::new(), Some(reason))
        }
    };
    Judged {
        claim,
        verdict,
        proof: Proof::Probed,
        did,
        evidence,
        reason,
    }
}

type Done = Result<(bool, String, Evidence), String>;

fn hostname(waiting: &mut Waiting) -> Done {
    let name = random_name();
    let refused = |errno: nix::errno::Errno| format!("sethostname(2): {}", errno.desc());
    let old = waiting.set_hostname(&name).map_err(refused)?;
    let outside = gethostname().map(|name| name.to_string_lossy().into_owned());
    waiting.set_hostname(&old).map_err(refused)?;
    let outside = outside.map_err(|errno| errno.desc().to_owned())?;
    let did = format!("set the host name {name} inside; outside it is {outside} still");
    let evidence = Evidence::new("uname(2) outside", outside.clone());
    Ok((outside != name, did, evidence))
}

fn mount(waiting: &mut Waiting) -> Done {
    let name = random_name();
    let refused = |errno: nix::errno::Errno| format!("mount(2): {}", errno.desc());
    let place = waiting.mount(&name).map_err(refused)?;
    let table = std::fs::read_to_string("/proc/self/mountinfo");
    waiting.unmount(&place).map_err(refused)?;
    let table = table.map_err(|error| error.to_string())?;
    let shown = table.lines().find(|line| line.contains(&name));
    let did = match shown {
        Some(_) => format!("mounted {name} on {place} inside; it showed outside"),
        None => format!("mounted {name} on {place} inside; it did not show outside"),
    };
    let evidence = Evidence::new("/proc/self/mountinfo outside", shown.unwrap_or_default());
    Ok((shown.is_none(), did, evidence))
}

fn init(with_user: bool) -> Done {
    let ended = all_end_with_init(with_user).map_err(|errno| errno.desc().to_owned())?;
    let did = match ended {
        true => "killed PID 1 of a pid namespace made for that; the other process ended with it",
        false => "killed PID 1 of a pid namespace made for that; the other process lived on",
    };
    let evidence = Evidence::new(
        "the line to the other process",
        match ended {
            true => "closed",
            false => "open after 2 s",
        },
    );
    Ok((ended, did.to_owned(), evidence))
}
