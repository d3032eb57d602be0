//! A command of this program that runs beside other steps, with what they leave of the processor.

use std::{
    env,
    fs::{self, File},
    os::unix::process::CommandExt as _,
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use anyhow::{Context as _, Result, bail};

use crate::{steps, workspace::Workspace};

/// Ends the command and all that it has started as soon as nobody holds its input any more: also when
/// this program was interrupted or killed.
const GUARD: &str = r#"
exec 3<&0
{ read -r _ <&3; kill 0; } &
guard=$!
nice -n 19 "$@" </dev/null
status=$?
kill $guard
exit $status
"#;

/// Dropped before it has ended, it is stopped.
pub struct Beside {
    name: &'static str,
    child: Child,
    output: PathBuf,
}

impl Beside {
    /// Starts `cargo xtask ARGS`. What it prints goes to a file, and is shown when it fails.
    pub fn start(workspace: &Workspace, name: &'static str, args: &[&str]) -> Result<Self> {
        let program = env::current_exe().context("find this program")?;
        let output = workspace.target.join(format!("{}.log", args.join("-")));
        let file = File::create(&output).with_context(|| format!("make {}", output.display()))?;
        let errors = file.try_clone().context("share the file")?;
        println!("▸ {name} … beside what follows");
        let child = Command::new("sh")
            .args(["-c", GUARD, "sh"])
            .arg(program)
            .args(args)
            .stdin(Stdio::piped())
            .stdout(file)
            .stderr(errors)
            .process_group(0)
            .spawn()
            .context("start a shell")?;
        Ok(Self {
            name,
            child,
            output,
        })
    }

    /// Waits until it has ended.
    pub fn finish(mut self) -> Result<()> {
        let name = self.name;
        steps::quiet(name, || {
            // Its input stays open meanwhile: `Child::wait` alone would close it.
            let input = self.child.stdin.take();
            let status = self.child.wait().context("wait for it")?;
            drop(input);
            if !status.success() {
                let said = fs::read_to_string(&self.output).unwrap_or_default();
                bail!("it ended with {status} and said:\n{said}");
            }
            Ok(())
        })
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    /// The guard with a program that says it has begun and then never ends.
    fn endless() -> Child {
        Command::new("sh")
            .args([
                "-c",
                GUARD,
                "sh",
                "sh",
                "-c",
                "echo begun; sleep 1000; true",
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .expect("a shell")
    }

    #[test]
    fn what_runs_beside_ends_with_who_started_it() {
        let mut child = endless();
        let mut output = child.stdout.take().expect("its output");
        let mut begun = [0; 6];
        output.read_exact(&mut begun).expect("it begins");
        assert_eq!(&begun, b"begun\n");
        drop(child.stdin.take());
        // Everybody who could still write to it is gone.
        assert_eq!(output.read(&mut begun).expect("the end"), 0);
        assert!(!child.wait().expect("its end").success());
    }
}
