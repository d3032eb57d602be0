//! The machine, and what a process has used of it.

use std::path::Path;
use std::time::Duration;

use sysinfo::{
    CpuRefreshKind, Disks, MemoryRefreshKind, Pid, ProcessRefreshKind, ProcessesToUpdate,
    RefreshKind, System,
};

/// Name and value, for the head of the report.
pub fn describe(data: Option<&Path>) -> anyhow::Result<Vec<(&'static str, String)>> {
    let kinds = RefreshKind::nothing()
        .with_cpu(CpuRefreshKind::nothing())
        .with_memory(MemoryRefreshKind::nothing().with_ram());
    let system = System::new_with_specifics(kinds)?;
    let cpu = system.cpus().first().map_or("?", |cpu| cpu.brand().trim());
    let gib = system.total_memory() as f64 / f64::from(1 << 30);
    let load = System::load_average()?;
    let mut rows = vec![
        ("cores", format!("{} × {cpu}", system.cpus().len())),
        ("memory", format!("{gib:.1} GiB")),
        ("kernel", System::kernel_long_version()?),
        (
            "load before",
            format!("{:.1} {:.1} {:.1}", load.one, load.five, load.fifteen),
        ),
    ];
    if let Some(data) = data {
        rows.push(("file system", file_system(data)?));
    }
    Ok(rows)
}

/// Load of the last minute, in processes that run or wait.
pub fn load() -> anyhow::Result<f64> {
    Ok(System::load_average()?.one)
}

fn file_system(path: &Path) -> anyhow::Result<String> {
    let path = path.canonicalize()?;
    let disks = Disks::new_with_refreshed_list()?;
    Ok(disks
        .iter()
        .filter(|disk| path.starts_with(disk.mount_point()))
        // The innermost mount is the one that holds it.
        .max_by_key(|disk| disk.mount_point().as_os_str().len())
        .map_or_else(
            || "unknown".to_owned(),
            |disk| disk.file_system().to_string_lossy().into_owned(),
        ))
}

/// What a process has used so far.
#[derive(Debug, Clone, Copy, Default)]
pub struct Usage {
    pub cpu: Duration,
    /// Resident bytes.
    pub memory: u64,
}

/// `None` when there is no such process.
pub fn usage(pid: u32) -> Option<Usage> {
    let pid = Pid::from_u32(pid);
    let mut system = System::new().ok()?;
    system.refresh_processes_specifics(
        ProcessesToUpdate::Some(&[pid]),
        true,
        ProcessRefreshKind::nothing().with_cpu().with_memory(),
    );
    let process = system.process(pid)?;
    Some(Usage {
        cpu: Duration::from_millis(process.accumulated_cpu_time()),
        memory: process.memory(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_uses_something_and_a_missing_one_nothing() {
        let own = usage(std::process::id()).expect("this process");
        assert!(own.memory > 100_000);
        assert!(usage(u32::MAX - 1).is_none());
    }
}
