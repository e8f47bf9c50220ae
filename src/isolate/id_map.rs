//! Maps of ids for a new user namespace: what was asked for, the lines that the kernel takes, and
//! who may write them (user_namespaces(7)).

use std::fmt;
use std::io::ErrorKind;
use std::str::FromStr;

use nix::errno::Errno;
use nix::unistd::{getegid, geteuid};

use super::failure::{During, Failure, Step};
use crate::collect::parse;
use crate::model::CapabilitySet;
use crate::model::process::IdRange;
use crate::sys::{accounts, capabilities};

/// Users or groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ids {
    Users,
    Groups,
}

impl Ids {
    /// The file below `/proc/PID`.
    pub const fn file(self) -> &'static str {
        match self {
            Ids::Users => "uid_map",
            Ids::Groups => "gid_map",
        }
    }

    /// The program that may write more than one's own id (newuidmap(1)).
    pub const fn helper(self) -> &'static str {
        match self {
            Ids::Users => "newuidmap",
            Ids::Groups => "newgidmap",
        }
    }

    /// Who may use which other ids (subuid(5)).
    const fn subordinate(self) -> &'static str {
        match self {
            Ids::Users => "/etc/subuid",
            Ids::Groups => "/etc/subgid",
        }
    }

    const fn capability(self) -> u32 {
        match self {
            Ids::Users => CapabilitySet::SETUID,
            Ids::Groups => CapabilitySet::SETGID,
        }
    }

    /// What their file gives the user who calls, for messages.
    pub fn given(self) -> String {
        let file = self.subordinate();
        let uid = geteuid().as_raw();
        let contents = std::fs::read(file).unwrap_or_default();
        let blocks = blocks_of(&String::from_utf8_lossy(&contents), uid);
        let blocks: Vec<String> = blocks
            .into_iter()
            .map(|(start, count)| format!("{count} from {start} on"))
            .collect();
        match blocks.is_empty() {
            true => format!("{file} gives no ids to uid {uid}"),
            false => format!("{file} gives uid {uid} {}", blocks.join(", ")),
        }
    }
}

/// Who makes the user namespace, and so owns it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Maker {
    pub uid: u32,
    pub gid: u32,
    /// Whether that is another than we, who become it then.
    pub is_another: bool,
}

impl Maker {
    /// Whoever calls.
    pub fn ourselves() -> Maker {
        Maker {
            uid: geteuid().as_raw(),
            gid: getegid().as_raw(),
            is_another: false,
        }
    }

    /// Another user, which takes root.
    pub const fn other(uid: u32, gid: u32) -> Maker {
        Maker {
            uid,
            gid,
            is_another: true,
        }
    }

    /// The id that it has out here.
    pub const fn own(&self, ids: Ids) -> u32 {
        match ids {
            Ids::Users => self.uid,
            Ids::Groups => self.gid,
        }
    }
}

/// What can be asked for at once (`--map-users`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// `INSIDE:OUTSIDE:COUNT`, or as older unshare(1) had it `OUTSIDE,INSIDE,COUNT`.
    Range(IdRange),
    /// The first block of subordinate ids, from 0 on.
    Auto,
    /// All blocks of subordinate ids, under their own numbers.
    Subids,
    /// Every id that is mapped here, under its own number.
    All,
}

/// The text is no block of ids.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is not INSIDE:OUTSIDE:COUNT, auto, subids or all")]
pub struct NoBlock(String);

impl FromStr for Block {
    type Err = NoBlock;

    fn from_str(text: &str) -> Result<Block, NoBlock> {
        match text {
            "auto" => return Ok(Block::Auto),
            "subids" => return Ok(Block::Subids),
            "all" => return Ok(Block::All),
            _ => {}
        }
        let numbers = |separator| -> Option<[u32; 3]> {
            let parsed: Result<Vec<u32>, _> = text.split(separator).map(str::parse).collect();
            parsed.ok()?.try_into().ok()
        };
        let range = numbers(':')
            .map(|[inside, outside, count]| (inside, outside, count))
            .or_else(|| numbers(',').map(|[outside, inside, count]| (inside, outside, count)));
        match range {
            Some((inside, outside, count)) if count > 0 => Ok(Block::Range(IdRange {
                inside,
                outside,
                count,
            })),
            _ => Err(NoBlock(text.to_owned())),
        }
    }
}

/// What was asked for of users or of groups.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// The id in there that we ourselves become.
    pub ourselves: Option<u32>,
    pub blocks: Vec<Block>,
}

/// Whether setgroups(2) is allowed in there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setgroups {
    Allow,
    Deny,
}

impl fmt::Display for Setgroups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Setgroups::Allow => "allow",
            Setgroups::Deny => "deny",
        })
    }
}

/// Who writes a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writer {
    /// We, from inside: one's own id, and nothing else.
    Inside,
    /// A process that stays outside, with its capabilities.
    Outside,
    /// newuidmap(1) or newgidmap(1), started outside.
    Helper,
}

/// One map as the kernel takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Map {
    pub ids: Ids,
    pub ranges: Vec<IdRange>,
    pub writer: Writer,
}

impl Map {
    /// The lines of the file.
    pub fn lines(&self) -> String {
        let line =
            |range: &IdRange| format!("{} {} {}\n", range.inside, range.outside, range.count);
        self.ranges.iter().map(line).collect()
    }
}

/// The maps of a new user namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Maps {
    pub uid: Option<Map>,
    pub gid: Option<Map>,
    pub setgroups: Option<Setgroups>,
}

impl Maps {
    /// Turns wishes into maps: looks up subordinate ids and who may write.
    pub fn resolve(
        maker: &Maker,
        users: &Wish,
        groups: &Wish,
        setgroups: Option<Setgroups>,
    ) -> Result<Maps, Failure> {
        let uid = map(Ids::Users, users, maker, !maker.is_another)?;
        let from_inside = !maker.is_another && setgroups != Some(Setgroups::Allow);
        let gid = map(Ids::Groups, groups, maker, from_inside)?;
        let inside = gid.as_ref().is_some_and(|map| map.writer == Writer::Inside);
        Ok(Maps {
            uid,
            gid,
            // The kernel lets nobody map his own group from inside while setgroups(2) is allowed.
            setgroups: setgroups.or(inside.then_some(Setgroups::Deny)),
        })
    }

    /// Whether somebody has to stay outside to write one of them.
    pub fn need_outside(&self) -> bool {
        [&self.uid, &self.gid]
            .into_iter()
            .flatten()
            .any(|map| map.writer != Writer::Inside)
    }
}

fn map(ids: Ids, wish: &Wish, maker: &Maker, may_be_inside: bool) -> Result<Option<Map>, Failure> {
    let ranges = ranges(ids, wish, maker)?;
    if ranges.is_empty() {
        return Ok(None);
    }
    let own = maker.own(ids);
    let only_own = matches!(ranges.as_slice(), [range] if range.count == 1 && range.outside == own);
    let may_map_any =
        capabilities::get().is_ok_and(|sets| sets.effective.contains(ids.capability()));
    let writer = match (only_own && may_be_inside, may_map_any) {
        (true, _) => Writer::Inside,
        (false, true) => Writer::Outside,
        (false, false) => Writer::Helper,
    };
    Ok(Some(Map {
        ids,
        ranges,
        writer,
    }))
}

fn ranges(ids: Ids, wish: &Wish, maker: &Maker) -> Result<Vec<IdRange>, Failure> {
    let mut ranges = Vec::new();
    for block in &wish.blocks {
        ranges.extend(block.ranges(ids, maker)?);
    }
    if let Some(inside) = wish.ourselves {
        let own = IdRange {
            inside,
            outside: maker.own(ids),
            count: 1,
        };
        ranges = ranges
            .into_iter()
            .flat_map(|range| make_room(range, own))
            .collect();
        ranges.push(own);
    }
    ranges.sort_by_key(|range| range.inside);
    Ok(ranges)
}

impl Block {
    fn ranges(&self, ids: Ids, maker: &Maker) -> Result<Vec<IdRange>, Failure> {
        Ok(match self {
            Block::Range(range) => vec![*range],
            Block::Auto => {
                let first = subordinate(ids, maker.uid)?.first().copied();
                first
                    .map(|(start, count)| IdRange {
                        inside: 0,
                        outside: start,
                        count,
                    })
                    .into_iter()
                    .collect()
            }
            Block::Subids => subordinate(ids, maker.uid)?
                .into_iter()
                .map(|(start, count)| IdRange {
                    inside: start,
                    outside: start,
                    count,
                })
                .collect(),
            Block::All => mapped_here(ids)?
                .into_iter()
                .map(|range| IdRange {
                    outside: range.inside,
                    ..range
                })
                .collect(),
        })
    }
}

/// What is left of a range where one id inside is taken. The ids behind it move up by one, as
/// unshare(1) has it; where the range holds our own id outside too, both stay where they are, and
/// are left out, since no id may be mapped twice.
fn make_room(range: IdRange, own: IdRange) -> Vec<IdRange> {
    let offset = |first: u32, id: u32| id.checked_sub(first).filter(|at| *at < range.count);
    let inside = offset(range.inside, own.inside);
    let outside = offset(range.outside, own.outside);
    let piece = |from: u32, to: u32, shift: u32| {
        (from < to).then_some(IdRange {
            inside: range.inside + from,
            outside: range.outside + from - shift,
            count: to - from,
        })
    };
    let pieces = match (inside, outside) {
        (None, None) => vec![Some(range)],
        (Some(at), None) => vec![piece(0, at, 0), piece(at + 1, range.count, 1)],
        (inside, outside) => {
            let mut holes: Vec<u32> = inside.into_iter().chain(outside).collect();
            holes.sort_unstable();
            holes.dedup();
            let starts = std::iter::once(0).chain(holes.iter().map(|hole| hole + 1));
            let ends = holes.iter().copied().chain([range.count]);
            starts
                .zip(ends)
                .map(|(from, to)| piece(from, to, 0))
                .collect()
        }
    };
    pieces.into_iter().flatten().collect()
}

/// First id and number of each block that belongs to a user.
fn subordinate(ids: Ids, uid: u32) -> Result<Vec<(u32, u32)>, Failure> {
    let file = ids.subordinate();
    let contents = match std::fs::read(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        contents => contents.during(|| Step::Open(file.to_owned()))?,
    };
    let blocks = blocks_of(&String::from_utf8_lossy(&contents), uid);
    match blocks.is_empty() {
        false => Ok(blocks),
        true => Err(Failure::because(
            Step::WriteMap {
                file: ids.file().to_owned(),
                writer: ids.helper().to_owned(),
            },
            format!(
                "{file} gives no ids to uid {uid}: a line such as {uid}:100000:65536 in it would"
            ),
        )),
    }
}

/// The file names its users by number or by name.
fn blocks_of(contents: &str, uid: u32) -> Vec<(u32, u32)> {
    blocks_of_any(contents, &[Some(uid.to_string()), accounts::user_name(uid)])
}

fn blocks_of_any(contents: &str, owners: &[Option<String>]) -> Vec<(u32, u32)> {
    let block = |line: &str| {
        let mut fields = line.trim().split(':');
        let owner = fields.next()?;
        let is_ours = owners.iter().flatten().any(|own| own == owner);
        let start = fields.next()?.parse().ok()?;
        let count = fields.next()?.parse().ok()?;
        (is_ours && count > 0).then_some((start, count))
    };
    contents.lines().filter_map(block).collect()
}

fn mapped_here(ids: Ids) -> Result<Vec<IdRange>, Failure> {
    let path = format!("/proc/self/{}", ids.file());
    let contents = std::fs::read(&path).during(|| Step::Open(path.clone()))?;
    parse::id_map(&contents).ok_or_else(|| Failure::new(Step::Open(path), Errno::EINVAL))
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn range(inside: u32, outside: u32, count: u32) -> IdRange {
        IdRange {
            inside,
            outside,
            count,
        }
    }

    #[test]
    fn a_block_is_written_as_new_and_as_old_unshare_has_it() {
        let block = |text: &str| text.parse::<Block>().ok();
        assert_eq!(
            block("0:100000:65536"),
            Some(Block::Range(range(0, 100_000, 65_536)))
        );
        assert_eq!(
            block("100000,0,65536"),
            Some(Block::Range(range(0, 100_000, 65_536)))
        );
        assert_eq!(block("auto"), Some(Block::Auto));
        for nonsense in ["", "0:1", "0:1:0", "a:b:c", "0:1:2:3", "-1:0:1"] {
            assert_eq!(block(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn the_id_that_we_become_makes_room_for_itself() {
        // The example of unshare(1).
        let left = make_room(range(0, 100_000, 65_536), range(0, 1000, 1));
        assert_eq!(left, [range(1, 100_000, 65_535)]);
        let left = make_room(range(0, 100_000, 10), range(4, 1000, 1));
        assert_eq!(left, [range(0, 100_000, 4), range(5, 100_004, 5)]);
        let left = make_room(range(10, 100_000, 10), range(4, 1000, 1));
        assert_eq!(left, [range(10, 100_000, 10)]);
    }

    #[test]
    fn no_id_is_mapped_twice_where_a_range_holds_our_own() {
        assert_eq!(make_room(range(0, 0, 10), range(0, 0, 1)), [range(1, 1, 9)]);
        assert_eq!(
            make_room(range(0, 0, 10), range(2, 5, 1)),
            [range(0, 0, 2), range(3, 3, 2), range(6, 6, 4)]
        );
    }

    #[test]
    fn subordinate_ids_are_ours_by_number_and_by_name() {
        let file = "root:1:2\n1000:100000:65536\nme:200000:1\nother:5:5\nme:bad:1\n";
        let owners = [Some("1000".to_owned()), Some("me".to_owned())];
        assert_eq!(
            blocks_of_any(file, &owners),
            [(100_000, 65_536), (200_000, 1)]
        );
    }
}
