//! What it costs to watch the machine, with a look each second: CPU time, which does not depend on
//! what else runs as much as the time that passes.

use std::io::Error;
use std::time::Duration;

use crate::tool::Tool;

/// Long enough for the first look, which reads everything, and too short for the second.
const ONE_LOOK: Duration = Duration::from_millis(900);

/// Watches for so long, and prints what a look takes, all but the first.
pub fn measure(nsinspect: &str, time: Duration) -> Result<(), Error> {
    println!("\nwhat                        first look  each more  of a core  peak RSS");
    for args in [
        ["list", "--watch", "1"].as_slice(),
        &["tree", "--watch", "1"],
        &["list", "--watch", "1", "--json"],
    ] {
        let tool = Tool::new(nsinspect, args);
        let first = tool.run_for(ONE_LOOK)?;
        let all = tool.run_for(ONE_LOOK + time)?;
        let looks = u32::try_from(time.as_secs()).unwrap_or(1).max(1);
        let each = all.cpu.saturating_sub(first.cpu) / looks;
        println!(
            "{:27} {:7.1} ms {:7.1} ms {:8.1} % {:>9}",
            tool.name(),
            first.cpu.as_secs_f64() * 1000.0,
            each.as_secs_f64() * 1000.0,
            each.as_secs_f64() * 100.0,
            all.peak_rss_kib,
        );
    }
    Ok(())
}
