//! Clocks: both are read inside, and outside before and after that.

use std::time::Duration;

use nix::errno::Errno;

use super::worker::{Line, Worker};
use super::{NotTried, Sides, Tried, fails, holds};
use crate::model::NsKind;
use crate::sys::clocks;
use crate::verify::verdict::Evidence;

const KINDS: [NsKind; 1] = [NsKind::Time];

pub const CLOCKS: [&str; 2] = ["monotonic", "boottime"];

/// What is read beside each other is as far apart as the three readings are; a clock that goes by
/// another hand stands at least this far from ours.
const TOLERANCE: i128 = 1_000_000;

/// How far a clock inside is ahead of the one outside (nanoseconds): between these two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ahead {
    least: i128,
    most: i128,
}

impl Ahead {
    fn between(before: Duration, inside: Duration, after: Duration) -> Ahead {
        let [before, inside, after] =
            [before, inside, after].map(|it| i128::try_from(it.as_nanos()).unwrap_or(i128::MAX));
        Ahead {
            least: inside - after,
            most: inside - before,
        }
    }

    pub fn may_be(self, offset: i128) -> bool {
        self.least - TOLERANCE <= offset && offset <= self.most + TOLERANCE
    }

    pub fn words(self) -> String {
        let middle = i128::midpoint(self.least, self.most);
        let half = (self.most - self.least) / 2;
        format!("{:+.6} s ± {:.6} s", seconds(middle), seconds(half))
    }
}

#[allow(clippy::cast_precision_loss, reason = "for people, to a microsecond")]
fn seconds(nanoseconds: i128) -> f64 {
    nanoseconds as f64 / 1e9
}

fn read(line: &Line) -> Result<(), String> {
    let failed = |errno: Errno| format!("clock_gettime(2): {errno}");
    // All are ready before the first reads.
    while let Ok(()) = line.hear::<()>() {
        line.say(&clocks::read().map_err(failed)?)?;
    }
    Ok(())
}

/// Of both clocks, how far they are ahead inside.
pub fn measure(sides: &Sides<'_>) -> Result<[Ahead; 2], NotTried> {
    let mut outside = Worker::start(&sides.outside(&KINDS)?, sides.deadline, read)?;
    let mut inside = Worker::start(&sides.inside(&KINDS)?, sides.deadline, read)?;
    // The first time is for both to get there.
    for side in [&mut inside, &mut outside] {
        let _: [Duration; 2] = side.ask(&())?;
    }
    let before: [Duration; 2] = outside.ask(&())?;
    let within: [Duration; 2] = inside.ask(&())?;
    let after: [Duration; 2] = outside.ask(&())?;
    Ok([0, 1].map(|clock| Ahead::between(before[clock], within[clock], after[clock])))
}

pub fn evidence(measured: [Ahead; 2]) -> Vec<Evidence> {
    let of = |(clock, ahead): (&str, Ahead)| {
        Evidence::new(
            format!("{clock} clock inside against outside"),
            ahead.words(),
        )
    };
    CLOCKS.into_iter().zip(measured).map(of).collect()
}

/// The target shares no time namespace with the other side.
pub fn isolated(sides: &Sides<'_>) -> Result<Tried, NotTried> {
    let measured = measure(sides)?;
    let differs = measured.iter().any(|ahead| !ahead.may_be(0));
    let evidence = evidence(measured);
    Ok(match (differs, sides.same(NsKind::Time)?) {
        (true, _) => holds("read both clocks on both sides: they differ", evidence),
        (false, false) => holds(
            "read both clocks on both sides: they show the same, in two namespaces",
            evidence,
        ),
        (false, true) => fails(
            "read both clocks on both sides: they show the same, in one namespace",
            evidence,
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_is_known_to_within_the_readings() {
        let at = Duration::from_millis;
        let ahead = Ahead::between(at(100), at(5_102), at(104));
        assert_eq!(ahead.words(), "+5.000000 s ± 0.002000 s");
        assert!(ahead.may_be(5_000_000_000) && ahead.may_be(5_002_500_000));
        assert!(!ahead.may_be(0) && !ahead.may_be(5_004_000_000));
    }
}
