//! How its clocks differ from the initial ones.

use std::fmt;
use std::rc::Rc;

use serde::Deserialize;

use crate::model::process::{Offset, TimeOffsets};
use crate::model::{NsKind, Process};
use crate::verify::claim::{AnyClaim, Claim};
use crate::verify::claims::{Resolve, Spec};
use crate::verify::probes::{Experiment, NotTried, Sides, Tried, fails, holds, time};
use crate::verify::reading::{Context, Reading, detail, file_of};

#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(inline))]
#[serde(deny_unknown_fields, default)]
pub struct Yaml {
    monotonic: i64,
    boottime: i64,
}

impl Spec for Yaml {
    const ABOUT: &'static str = "How its clocks differ from the initial ones, in seconds";
    const EXAMPLE: &'static str = "{boottime: 86400}";

    fn claims<E>(&self, _: Resolve<'_, E>) -> Result<Vec<AnyClaim>, E> {
        let seconds = |seconds| Offset {
            seconds,
            nanoseconds: 0,
        };
        Ok(vec![Rc::new(Offsets(TimeOffsets {
            monotonic: seconds(self.monotonic),
            boottime: seconds(self.boottime),
        }))])
    }
}

#[derive(Clone, Debug)]
pub struct Offsets(pub TimeOffsets);

impl fmt::Display for Offsets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TimeOffsets {
            monotonic,
            boottime,
        } = self.0;
        write!(
            f,
            "clock offsets {:+} s monotonic, {:+} s boottime",
            monotonic.seconds, boottime.seconds
        )
    }
}

impl Claim for Offsets {
    fn kind(&self) -> Option<NsKind> {
        Some(NsKind::Time)
    }

    fn explain(&self) -> String {
        "reads /proc/PID/timens_offsets; tries both clocks in there and outside".to_owned()
    }

    fn read(&self, _: &Context<'_>, process: &Process) -> Reading {
        match detail(process, |details| &details.timens_offsets) {
            Ok(offsets) => {
                let says = format!(
                    "they are {:+} s monotonic, {:+} s boottime",
                    offsets.monotonic.seconds, offsets.boottime.seconds
                );
                Reading::holds_if(*offsets == self.0, says).seen(
                    file_of(process, "timens_offsets"),
                    format!(
                        "monotonic {} {}, boottime {} {}",
                        offsets.monotonic.seconds,
                        offsets.monotonic.nanoseconds,
                        offsets.boottime.seconds,
                        offsets.boottime.nanoseconds
                    ),
                )
            }
            Err(why) => Reading::unknown("its clock offsets", &why),
        }
    }

    fn experiment(&self) -> Option<Experiment> {
        let offsets = self.0;
        let experiment = Experiment::new(move |sides| try_it(sides, &offsets));
        Some(experiment.on_host(NsKind::Time))
    }
}

/// The clocks inside are ahead of ours by this.
fn try_it(sides: &Sides<'_>, offsets: &TimeOffsets) -> Result<Tried, NotTried> {
    let measured = time::measure(sides)?;
    let claimed = [offsets.monotonic, offsets.boottime].map(nanoseconds);
    let is_off = |at: &usize| !measured[*at].may_be(claimed[*at]);
    Ok(match [0, 1].into_iter().find(is_off) {
        None => holds("read both clocks on both sides", time::evidence(measured)),
        Some(at) => fails(
            format!(
                "read both clocks on both sides: {} is at {}",
                time::CLOCKS[at],
                measured[at].words()
            ),
            time::evidence(measured),
        ),
    })
}

fn nanoseconds(offset: Offset) -> i128 {
    i128::from(offset.seconds) * 1_000_000_000 + i128::from(offset.nanoseconds)
}
