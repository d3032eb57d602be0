//! A private PostgreSQL: made for one run and gone with it. The programs are the system's; its own
//! service, if one runs, is neither used nor touched.

mod proxy;

use std::env;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;

use anyhow::{Context as _, Result, bail};
use tempfile::TempDir;

pub use proxy::Proxy;

/// Debian keeps the server's programs off the PATH, in a folder per version.
const DEBIAN: &str = "/usr/lib/postgresql";
/// What is called of them.
const NEEDED: [&str; 3] = ["initdb", "pg_ctl", "postgres"];
/// As whom the server runs when we are root, which it refuses to be.
const USER: &str = "postgres";

/// Stops the server and removes its folder as soon as nobody holds its input any more: also when this
/// program was interrupted or killed.
const GUARD: &str = r#"
trap '' HUP INT TERM
folder=$1
shift
read -r _
"$@"
rm -rf "$folder"
"#;

/// Where PostgreSQL's server programs stand.
#[derive(Debug, Clone)]
pub struct Programs {
    folder: PathBuf,
    /// Run as another user, as we are root.
    is_root: bool,
}

/// Whether what was committed must survive a power cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// As PostgreSQL does by itself, on the disk: for measuring.
    Durable,
    /// It never waits for the disk: for tests.
    Volatile,
}

/// A running server. Dropped, it stops and its folder goes.
#[derive(Debug)]
pub struct Server {
    guard: Child,
    programs: Programs,
    folder: PathBuf,
    port: u16,
}

/// How a server is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// It ends its connections and writes everything out.
    Fast,
    /// It ends as if killed, and recovers when it starts again.
    Immediate,
}

fn find_folder() -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(versions_below(Path::new(DEBIAN)))
        .find(|folder| NEEDED.iter().all(|name| folder.join(name).is_file()))
}

/// The folders of programs of each version, newest first.
fn versions_below(folder: &Path) -> Vec<PathBuf> {
    let entries = folder.read_dir().into_iter().flatten().flatten();
    let mut versions: Vec<(u32, PathBuf)> = entries
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .collect();
    versions.sort_by(|a, b| b.cmp(a));
    versions.into_iter().map(|(_, folder)| folder).collect()
}

impl Programs {
    /// Finds them.
    pub fn find() -> Option<Self> {
        let folder = find_folder()?;
        let id = Command::new("id").arg("-u").output().ok()?;
        let is_root = id.stdout.trim_ascii() == b"0";
        Some(Self { folder, is_root })
    }

    /// Starts a server on a free port of this machine, which lets in everybody who can reach it.
    pub fn start(&self, durability: Durability) -> Result<Server> {
        // A temporary folder may be kept in memory, and then nothing in it is ever durable.
        let parent = match durability {
            Durability::Durable => PathBuf::from("/var/tmp"),
            Durability::Volatile => env::temp_dir(),
        };
        let folder = tempfile::Builder::new()
            .prefix("vitrine-postgres-")
            .tempdir_in(&parent)
            .with_context(|| format!("make a folder in {}", parent.display()))?;
        if self.is_root {
            run(Command::new("chown").arg(USER).arg(folder.path()))?;
        }
        let data = folder.path().join("data");
        let port = free_port()?;
        let server = Server {
            folder: folder.path().to_owned(),
            guard: self.guard(folder, &data)?,
            programs: self.clone(),
            port,
        };
        // No `--no-sync`: what `initdb` wrote would reach the disk while the first things are measured.
        let mut initdb = self.program("initdb");
        initdb.args(["--auth=trust", "--encoding=UTF8", "--no-locale"]);
        initdb.arg("--username=postgres").arg("--pgdata").arg(&data);
        run(initdb.stdout(Stdio::null()))?;
        configure(&data, port, durability)?;
        server.start_again()?;
        Ok(server)
    }

    /// Starts what will clean up, and hands the folder over to it.
    fn guard(&self, folder: TempDir, data: &Path) -> Result<Child> {
        let mut stop = self.program("pg_ctl");
        stop.args(["stop", "--silent", "--mode=immediate", "--pgdata"]);
        stop.arg(data);
        let guard = Command::new("sh")
            .args(["-c", GUARD, "sh"])
            .arg(folder.path())
            .arg(stop.get_program())
            .args(stop.get_args())
            .stdin(Stdio::piped())
            // There is nothing to stop when it did not start.
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("start sh")?;
        let _ = folder.keep();
        Ok(guard)
    }

    /// One of the programs, as a user that it accepts.
    fn program(&self, name: &str) -> Command {
        let program = self.folder.join(name);
        if !self.is_root {
            return Command::new(program);
        }
        let mut command = Command::new("setpriv");
        command.args(["--reuid", USER, "--regid", USER, "--init-groups", "--"]);
        command.arg(program);
        // The folder we stand in may be closed to that user.
        command.current_dir("/");
        command
    }
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("find a free port")?;
    Ok(listener.local_addr().context("find a free port")?.port())
}

fn configure(data: &Path, port: u16, durability: Durability) -> Result<()> {
    let path = data.join("postgresql.conf");
    let mut file = OpenOptions::new()
        .append(true)
        .open(&path)
        .with_context(|| format!("open {}", path.display()))?;
    file.write_all(settings(port, durability).as_bytes())
        .with_context(|| format!("write {}", path.display()))
}

/// The last of two lines that say the same holds.
fn settings(port: u16, durability: Durability) -> String {
    // A shop opens up to 18 connections, and there is a test per core at once, some with two shops.
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let connections = (40 * cores).max(300);
    let mut settings = format!(
        "listen_addresses = '127.0.0.1'\n\
         port = {port}\n\
         unix_socket_directories = ''\n\
         max_connections = {connections}\n"
    );
    if durability == Durability::Volatile {
        settings.push_str(
            "fsync = off\n\
             full_page_writes = off\n\
             synchronous_commit = off\n",
        );
    }
    settings
}

impl Server {
    pub fn url(&self) -> String {
        self.url_at(self.port)
    }

    /// The address of somebody who passes on what comes to this port.
    pub fn url_at(&self, port: u16) -> String {
        format!("postgres://postgres@127.0.0.1:{port}/postgres")
    }

    pub const fn port(&self) -> u16 {
        self.port
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Ends the server for a while.
    pub fn stop(&self, how: Stop) -> Result<()> {
        let mut stop = self.programs.program("pg_ctl");
        stop.args(["stop", "--wait", "--silent"]);
        stop.arg(match how {
            Stop::Fast => "--mode=fast",
            Stop::Immediate => "--mode=immediate",
        });
        run(stop.arg("--pgdata").arg(self.data()))
    }

    /// Starts it, with what it held when it was stopped.
    pub fn start_again(&self) -> Result<()> {
        let log = self.folder.join("log");
        let mut start = self.programs.program("pg_ctl");
        start.args(["start", "--wait", "--silent", "--pgdata"]);
        start.arg(self.data()).arg("--log").arg(&log);
        run(start.stdout(Stdio::null())).with_context(|| {
            let told = fs::read_to_string(&log).unwrap_or_default();
            format!("PostgreSQL does not start and says: {}", told.trim())
        })
    }

    /// Writes a file for the server alone into its folder: a key, a certificate. Answers with its path.
    pub fn give(&self, name: &str, text: &str) -> Result<PathBuf> {
        let path = self.folder.join(name);
        fs::write(&path, text).with_context(|| format!("write {}", path.display()))?;
        run(Command::new("chmod").arg("600").arg(&path))?;
        if self.programs.is_root {
            run(Command::new("chown").arg(USER).arg(&path))?;
        }
        Ok(path)
    }
}

/// Runs a program to its end.
fn run(command: &mut Command) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.status();
    let status = status.with_context(|| format!("start {program}"))?;
    if !status.success() {
        bail!("{program} ended with {status}");
    }
    Ok(())
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        // It ends by itself, whatever becomes of us.
        let _ = self.guard.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_comes_first() -> Result<()> {
        let folder = tempfile::tempdir()?;
        for name in ["9", "15", "common", "16"] {
            fs::create_dir(folder.path().join(name))?;
        }
        let expected = ["16", "15", "9"].map(|name| folder.path().join(name).join("bin"));
        assert_eq!(versions_below(folder.path()), expected);
        assert!(versions_below(&folder.path().join("gone")).is_empty());
        Ok(())
    }

    #[test]
    fn only_tests_do_without_the_disk() {
        assert!(!settings(1, Durability::Durable).contains("fsync"));
        assert!(settings(1, Durability::Volatile).contains("fsync = off"));
    }
}
