use super::*;
use crate::model::process::{Links, Stat, ThreadLinks, sleeping_for_tests};
use crate::model::snapshot::empty_for_tests;

const OWN: u64 = 0xF000_0001;
const UTS: NsKey = NsKey {
    kind: NsKind::Uts,
    inode: OWN,
};

fn process(pid: Pid, start_time: u64, uts: u64) -> Process {
    let mut it = sleeping_for_tests(pid, start_time);
    it.links = Links::read(|link| {
        Seen::Known(match link {
            LinkName::Own(NsKind::Uts) => uts,
            other => other.kind().initial_inode(),
        })
    });
    it
}

/// The processes, and the uts namespace of their own that some of them are in, with this id.
fn look(processes: &[Process], ns_id: u64) -> Snapshot {
    let mut snapshot = empty_for_tests();
    for process in processes {
        snapshot.processes.add(vec![vec![process.clone()]]);
        if process.links.own(NsKind::Uts).get() == Some(OWN) {
            let namespace = snapshot
                .namespaces
                .entry(UTS)
                .or_insert_with(|| Namespace::new(UTS));
            namespace.nprocs += 1;
            namespace.ns_id = Seen::Known(ns_id);
        }
    }
    snapshot
}

fn names(changes: &[Change<'_>]) -> Vec<String> {
    let name = |change: &Change<'_>| match change {
        Change::Born(it) => format!("born {}", it.key),
        Change::Entered(it) => format!("entered {}", it.key),
        Change::Emptied(it) => format!("emptied {}", it.key),
        Change::Left(it, why) => format!("left {} {why}", it.key),
        Change::Gone(it) => format!("gone {}", it.key),
        Change::Started(it) => format!("started {}", it.pid),
        Change::Ended(it) => format!("ended {}", it.pid),
        Change::Moved(it, moves) => {
            let moves = moves.iter().map(|it| (it.link.name(), it.from, it.to));
            format!("moved {} {:?}", it.pid, moves.collect::<Vec<_>>())
        }
        Change::ThreadMoved {
            process,
            tid,
            moves,
        } => {
            let moves = moves.iter().map(|it| (it.link.name(), it.from, it.to));
            format!(
                "thread {tid} of {} {:?}",
                process.pid,
                moves.collect::<Vec<_>>()
            )
        }
        Change::SetBorn(it) => format!("set born {}", it.founder),
        Change::SetGone(it) => format!("set gone {}", it.founder),
    };
    changes.iter().map(name).collect()
}

fn happened(before: &Snapshot, after: &Snapshot, lives: Option<Seen<bool>>) -> Vec<String> {
    let left = lives.map(|lives| (UTS, lives)).into_iter().collect();
    names(&of_namespaces(before, after, &left))
}

const HOME: u64 = NsKind::Uts.initial_inode();

#[test]
fn nothing_happens_between_equal_looks() {
    let it = look(&[process(7, 1, OWN)], 1);
    assert!(happened(&it, &it, None).is_empty());
    assert!(names(&of_sets(&it, &it)).is_empty());
}

#[test]
fn a_namespace_that_was_gone_before_its_id_was_read_is_not_the_next_of_that_inode() {
    let (mut brief, next) = (
        look(&[process(7, 1, OWN)], 1),
        look(&[process(8, 2, OWN)], 2),
    );
    let ns_id = &mut brief.namespaces.get_mut(&UTS).unwrap().ns_id;
    *ns_id = Seen::Unknown(Why::Gone);
    let took_its_place = [
        format!("born {UTS}"),
        "started 8".to_owned(),
        "ended 7".to_owned(),
        format!("gone {UTS}"),
    ];
    assert_eq!(happened(&brief, &next, None), took_its_place);

    // A kernel without ids cannot tell, and nothing is invented.
    let ns_id = &mut brief.namespaces.get_mut(&UTS).unwrap().ns_id;
    *ns_id = Seen::Unknown(Why::Unsupported);
    assert_eq!(happened(&brief, &next, None), ["started 8", "ended 7"]);
}

#[test]
fn a_process_moves_into_a_namespace_that_is_born_and_out_of_it_again() {
    let (home, away) = (
        look(&[process(7, 1, HOME)], 1),
        look(&[process(7, 1, OWN)], 1),
    );
    assert_eq!(
        happened(&home, &away, None),
        [
            format!("born {UTS}"),
            format!("moved 7 {:?}", [("uts", Some(HOME), OWN)])
        ]
    );
    assert_eq!(
        happened(&away, &home, Some(Seen::Known(false))),
        [
            format!("moved 7 {:?}", [("uts", Some(OWN), HOME)]),
            format!("gone {UTS}")
        ]
    );
}

#[test]
fn a_namespace_without_process_is_gone_only_if_that_was_seen() {
    let (away, home) = (look(&[process(7, 1, OWN)], 1), look(&[], 1));
    assert_eq!(
        happened(&away, &home, Some(Seen::Unknown(Why::Denied))),
        ["ended 7".to_owned(), format!("left {UTS} denied")]
    );
    let mut empty = home.clone();
    empty.namespaces.insert(UTS, Namespace::new(UTS));
    let alive = || Some(Seen::Known(true));
    assert_eq!(
        happened(&away, &empty, alive()),
        ["ended 7".to_owned(), format!("emptied {UTS}")]
    );
    assert!(
        happened(&empty, &empty, alive()).is_empty(),
        "it is told once"
    );
    assert_eq!(
        happened(&empty, &away, None),
        [format!("entered {UTS}"), "started 7".to_owned()]
    );
    assert_eq!(
        happened(&empty, &home, Some(Seen::Known(false))),
        [format!("gone {UTS}")]
    );
    // Nobody ever was in it that we know of, and nobody can say.
    assert!(happened(&empty, &home, Some(Seen::Unknown(Why::Denied))).is_empty());
}

#[test]
fn an_inode_that_is_used_again_is_another_namespace_and_a_number_another_process() {
    let (then, now) = (
        look(&[process(7, 1, OWN)], 1),
        look(&[process(7, 2, OWN)], 2),
    );
    assert_eq!(
        happened(&then, &now, None),
        [
            format!("born {UTS}"),
            "started 7".to_owned(),
            "ended 7".to_owned(),
            format!("gone {UTS}")
        ]
    );
}

#[test]
fn a_link_that_cannot_be_read_is_no_move() {
    let known = look(&[process(7, 1, HOME)], 1);
    let mut denied = known.clone();
    let process = denied.processes.get_mut(7).unwrap();
    process.links = Links::unknown(&Why::Denied);
    assert!(happened(&known, &denied, None).is_empty());
    assert!(happened(&denied, &known, None).is_empty());
}

#[test]
fn the_first_child_of_a_new_pid_namespace_shows_where_its_parent_s_children_go() {
    let links = |children: Seen<u64>| {
        let mut it = process(7, 1, HOME);
        it.links = Links::read(|link| match link {
            LinkName::PidForChildren => children.clone(),
            other => Seen::Known(other.kind().initial_inode()),
        });
        look(&[it], 1)
    };
    let initial = NsKind::Pid.initial_inode();
    let waiting = links(Seen::Unknown(Why::Gone));
    let forked = links(Seen::Known(OWN));
    let at_home = links(Seen::Known(initial));
    assert!(happened(&at_home, &waiting, None).is_empty());
    assert_eq!(
        happened(&waiting, &forked, None),
        [format!(
            "moved 7 {:?}",
            [("pid_for_children", None::<u64>, OWN)]
        )]
    );
    assert!(happened(&waiting, &at_home, None).is_empty());
}

#[test]
fn only_what_is_of_the_named_kinds_is_left() {
    let (home, away) = (
        look(&[process(7, 1, HOME)], 1),
        look(&[process(7, 1, OWN)], 1),
    );
    let of = |kinds: &[NsKind]| {
        let all = of_namespaces(&home, &away, &BTreeMap::new());
        all.into_iter().filter_map(|it| it.within(kinds)).count()
    };
    assert_eq!((of(&[]), of(&[NsKind::Uts]), of(&[NsKind::Net])), (2, 2, 0));
}

#[test]
fn sets_come_and_go_with_their_processes() {
    let (home, both) = (
        look(&[process(1, 0, HOME)], 1),
        look(&[process(1, 0, HOME), process(7, 1, OWN)], 1),
    );
    assert_eq!(names(&of_sets(&home, &both)), ["set born 7", "started 7"]);
    assert_eq!(names(&of_sets(&both, &home)), ["ended 7", "set gone 7"]);
}

/// A process whose first thread is at home, with these others; each by its uts namespace.
fn crew(first: Process, others: &[(Pid, u64)]) -> Snapshot {
    let pid = first.pid;
    let mut snapshot = look(&[first], 1);
    let links = |uts| process(pid, 1, uts).links;
    let threads = others.iter().map(|(tid, uts)| ThreadLinks {
        tid: *tid,
        links: links(*uts),
    });
    snapshot.threads.insert(pid, threads.collect());
    snapshot
}

fn thread_moved(tid: Pid, from: u64, to: u64) -> String {
    format!("thread {tid} of 7 {:?}", [("uts", Some(from), to)])
}

#[test]
fn a_thread_moves_away_and_back_while_its_process_stays() {
    let home = crew(process(7, 1, HOME), &[(8, HOME), (9, HOME)]);
    let away = crew(process(7, 1, HOME), &[(8, HOME), (9, OWN)]);
    assert_eq!(happened(&home, &away, None), [thread_moved(9, HOME, OWN)]);
    assert_eq!(happened(&away, &home, None), [thread_moved(9, OWN, HOME)]);
    assert!(happened(&away, &away, None).is_empty());
    let ended = crew(process(7, 1, HOME), &[(8, HOME)]);
    assert!(happened(&away, &ended, None).is_empty());
}

#[test]
fn a_thread_stays_where_the_first_of_its_process_leaves() {
    let home = crew(process(7, 1, HOME), &[(8, HOME)]);
    let left = crew(process(7, 1, OWN), &[(8, HOME), (9, HOME), (10, OWN)]);
    let moved = happened(&home, &left, None);
    // 9 may have been made before, 10 after: neither needs to have moved.
    assert_eq!(
        moved[1..],
        [format!("moved 7 {:?}", [("uts", Some(HOME), OWN)])]
    );
}

#[test]
fn a_new_thread_that_is_elsewhere_is_told_also_of_a_new_process() {
    let alone = look(&[process(7, 1, HOME)], 1);
    let away = crew(process(7, 1, HOME), &[(9, OWN)]);
    assert_eq!(happened(&alone, &away, None), [thread_moved(9, HOME, OWN)]);
    assert_eq!(
        happened(&look(&[], 1), &away, None),
        ["started 7".to_owned(), thread_moved(9, HOME, OWN)]
    );
}

#[test]
fn the_thread_that_stands_for_a_process_is_told_as_the_process() {
    let dead = |uts| {
        let mut dead = process(7, 1, uts);
        dead.stat = dead.stat.known().cloned().map_or_else(
            || Seen::Unknown(Why::Gone),
            |stat| Seen::Known(Stat { state: 'Z', ..stat }),
        );
        dead
    };
    let home = crew(dead(HOME), &[(8, HOME), (9, HOME)]);
    let away = crew(dead(OWN), &[(8, OWN), (9, HOME)]);
    let moved = happened(&home, &away, None);
    assert_eq!(
        moved[1..],
        [format!("moved 7 {:?}", [("uts", Some(HOME), OWN)])]
    );
}

#[test]
fn a_namespace_that_a_thread_is_in_is_not_left() {
    let held = |holders: Vec<Holder>| {
        let mut snapshot = crew(process(7, 1, HOME), &[(9, OWN)]);
        let mut namespace = Namespace::new(UTS);
        namespace.holders = holders;
        snapshot.namespaces.insert(UTS, namespace);
        snapshot
    };
    let by_thread = held(vec![Holder::Thread { pid: 7, tid: 9 }]);
    let empty = held(Vec::new());
    assert!(is_led_to(&by_thread.namespaces[&UTS]));
    let alive = Some(Seen::Known(true));
    assert_eq!(
        happened(&by_thread, &empty, alive),
        [format!("emptied {UTS}")]
    );
    assert_eq!(
        happened(&empty, &by_thread, None),
        [format!("entered {UTS}")]
    );
    let born = Change::Born(&by_thread.namespaces[&UTS]);
    assert_eq!(named_by(&[born]), [7]);
}
