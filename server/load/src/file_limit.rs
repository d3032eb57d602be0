//! Raises the number of files that this process, and the shop it starts, may have open.

use anyhow::ensure;

/// File handles for all that is not a socket of this program.
const SPARE_HANDLES: u64 = 1_024;

/// Allows this process, and the shop it starts, as many open files as the run needs.
pub fn raise(sockets: u64, concurrency: u64) -> anyhow::Result<()> {
    // A checkout has a connection for its requests and a socket.
    let need = sockets + 2 * concurrency + SPARE_HANDLES;
    let (soft, hard) = rlimit::Resource::NOFILE.get()?;
    if soft >= need {
        return Ok(());
    }
    let raised = rlimit::Resource::NOFILE.set(need, need.max(hard));
    ensure!(
        raised.is_ok(),
        "{need} open files are needed and {hard} are allowed here: run `ulimit -Hn {need}` as root, \
         or ask for fewer sockets"
    );
    Ok(())
}
