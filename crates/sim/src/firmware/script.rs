//! Runs a boot script line by line.

use std::time::Duration;

use super::{Ending, Fault, Kernel, Purpose, Settings, Surroundings};

/// Lines that all scripts of one boot may run together.
const MOST_STEPS: usize = 10_000;
/// How many scripts may wait for the one they chained to.
const DEEPEST: usize = 16;
/// The longest a script may sleep at once.
const LONGEST_SLEEP: u64 = 60;

/// Fetches the script at `url` and runs it to its end.
pub(crate) async fn boot(
    around: &dyn Surroundings,
    settings: Settings,
    url: &str,
) -> Result<Ending, Fault> {
    let mut machine = Interpreter {
        around,
        settings,
        kernel: None,
        initrds: Vec::new(),
        steps: 0,
        depth: 0,
    };
    machine
        .start(url, "")
        .await
        .map_err(|failure| match failure {
            Failure::Endless => Fault::Endless,
            Failure::Command { line, reason } => Fault::Command { line, reason },
            Failure::Reason(reason) => Fault::Command { line: 0, reason },
        })
}

struct Interpreter<'a> {
    around: &'a dyn Surroundings,
    settings: Settings,
    kernel: Option<(String, String)>,
    initrds: Vec<String>,
    steps: usize,
    depth: usize,
}

enum Failure {
    /// What went wrong, in a command whose line is not known yet.
    Reason(String),
    Command {
        line: usize,
        reason: String,
    },
    Endless,
}

/// What a command that did not fail makes of the script.
enum Next {
    Line,
    Goto(String),
    End(Ending),
}

fn failed<T>(reason: impl Into<String>) -> Result<T, Failure> {
    Err(Failure::Reason(reason.into()))
}

impl Interpreter<'_> {
    /// Starts whatever is at an address: a script is run, anything else is a kernel.
    async fn start(&mut self, url: &str, arguments: &str) -> Result<Ending, Failure> {
        let image = self.around.script(url).await.map_err(Failure::Reason)?;
        if !image.starts_with(b"#!ipxe") {
            self.kernel = Some((url.to_owned(), arguments.to_owned()));
            return self.boot();
        }
        if self.depth == DEEPEST {
            return Err(Failure::Endless);
        }
        self.depth += 1;
        let ending = self.run(&String::from_utf8_lossy(&image), url).await;
        self.depth -= 1;
        ending
    }

    async fn run(&mut self, script: &str, url: &str) -> Result<Ending, Failure> {
        let lines: Vec<&str> = script.lines().map(str::trim).collect();
        let mut at = 0;
        while let Some(line) = lines.get(at) {
            self.steps += 1;
            if self.steps > MOST_STEPS {
                return Err(Failure::Endless);
            }
            at += 1;
            if line.is_empty() || line.starts_with(['#', ':']) {
                continue;
            }
            let next = self
                .line(line, url)
                .await
                .map_err(|failure| match failure {
                    Failure::Reason(reason) => Failure::Command { line: at, reason },
                    other => other,
                })?;
            match next {
                Next::Line => {}
                Next::End(ending) => return Ok(ending),
                Next::Goto(label) => {
                    let target = lines
                        .iter()
                        .position(|line| line.strip_prefix(':').map(str::trim) == Some(&label));
                    let reason = || format!("there is no label {label}");
                    at = target.ok_or_else(|| Failure::Command {
                        line: at,
                        reason: reason(),
                    })?;
                }
            }
        }
        Ok(Ending::Exit(0))
    }

    /// Commands joined by `||` and `&&`: the first that the operator before it does not want ends the line.
    async fn line(&mut self, line: &str, url: &str) -> Result<Next, Failure> {
        let expanded = self.settings.expand(line);
        let mut words = expanded.split_whitespace().peekable();
        loop {
            let mut command = Vec::new();
            let mut operator = None;
            for word in words.by_ref() {
                if matches!(word, "||" | "&&") {
                    operator = Some(word);
                    break;
                }
                command.push(word);
            }
            let result = Box::pin(self.command(&command, url)).await;
            match (operator, result) {
                (Some("&&"), Ok(Next::Line)) => {}
                // A script without end is not a failure that a script can handle.
                (Some("||"), Err(Failure::Reason(reason) | Failure::Command { reason, .. })) => {
                    self.around.show(&reason);
                }
                (_, result) => return result,
            }
        }
    }

    async fn command(&mut self, words: &[&str], url: &str) -> Result<Next, Failure> {
        let Some((name, arguments)) = words.split_first() else {
            return Ok(Next::Line);
        };
        match (*name, arguments) {
            ("echo", text) => self.around.show(&text.join(" ")),
            ("set", [name, value @ ..]) => self.settings.set(name, value.join(" ")),
            ("clear", [name]) => self.settings.set(name, String::new()),
            ("isset", []) => return failed("isset: not set"),
            ("iseq", [left, right]) if left != right => return failed("iseq: not equal"),
            ("goto", [label]) => return Ok(Next::Goto((*label).to_owned())),
            ("sleep", [seconds]) => sleep(seconds).await?,
            ("exit", []) => return Ok(Next::End(Ending::Exit(0))),
            ("exit", [status, ..]) => {
                return Ok(Next::End(Ending::Exit(status.parse().unwrap_or(1))));
            }
            ("kernel" | "imgselect", arguments) => self.kernel(arguments, url).await?,
            ("initrd" | "imgfetch" | "module", arguments) => self.initrd(arguments, url).await?,
            ("imgargs", [_, line @ ..]) => match &mut self.kernel {
                Some((_, known)) => *known = line.join(" "),
                None => return failed("imgargs: there is no kernel"),
            },
            ("imgfree", _) => {
                self.kernel = None;
                self.initrds.clear();
            }
            ("boot", []) => return self.boot().map(Next::End),
            ("chain" | "boot", arguments) => return self.chain(arguments, url).await,
            // The network is up, or there would be no script.
            ("isset" | "iseq" | "dhcp" | "ifopen" | "ifconf" | "ifstat", _) => {}
            (other, _) => return failed(format!("{other}: command not found")),
        }
        Ok(Next::Line)
    }

    async fn kernel(&mut self, arguments: &[&str], base: &str) -> Result<(), Failure> {
        let (_, rest) = options(arguments)?;
        let Some((url, line)) = rest.split_first() else {
            return failed("kernel: what kernel?");
        };
        let url = absolute(base, url)?;
        self.around
            .image(&url, Purpose::Kernel)
            .await
            .map_err(Failure::Reason)?;
        self.kernel = Some((url, line.join(" ")));
        Ok(())
    }

    async fn initrd(&mut self, arguments: &[&str], base: &str) -> Result<(), Failure> {
        let (_, rest) = options(arguments)?;
        let Some(url) = rest.first() else {
            return failed("initrd: what file?");
        };
        let url = absolute(base, url)?;
        self.around
            .image(&url, Purpose::Initrd)
            .await
            .map_err(Failure::Reason)?;
        self.initrds.push(url);
        Ok(())
    }

    fn boot(&mut self) -> Result<Ending, Failure> {
        match self.kernel.take() {
            Some((url, line)) => Ok(Ending::Boot(Kernel {
                url,
                line,
                initrds: std::mem::take(&mut self.initrds),
            })),
            None => failed("boot: there is no kernel"),
        }
    }

    async fn chain(&mut self, arguments: &[&str], base: &str) -> Result<Next, Failure> {
        let (options, rest) = options(arguments)?;
        let Some((url, line)) = rest.split_first() else {
            return failed("chain: what file?");
        };
        let url = absolute(base, url)?;
        let ending = self.start(&url, &line.join(" ")).await?;
        match ending {
            Ending::Exit(0) if !options.contains(&"--replace") => Ok(Next::Line),
            Ending::Exit(status) if !options.contains(&"--replace") => {
                failed(format!("{url} ended with {status}"))
            }
            ending => Ok(Next::End(ending)),
        }
    }
}

/// Splits options from what follows; `--name` and `--timeout` take a value.
fn options<'a>(words: &'a [&'a str]) -> Result<(Vec<&'a str>, &'a [&'a str]), Failure> {
    let mut found = Vec::new();
    let mut rest = words;
    while let Some((option, after)) = rest.split_first().filter(|(word, _)| word.starts_with('-')) {
        found.push(*option);
        rest = match *option {
            "--name" | "-n" | "--timeout" | "-t" => match after.split_first() {
                Some((_, after)) => after,
                None => return failed(format!("{option}: what value?")),
            },
            _ => after,
        };
    }
    Ok((found, rest))
}

fn absolute(base: &str, url: &str) -> Result<String, Failure> {
    let joined = reqwest::Url::parse(base).and_then(|base| base.join(url));
    joined
        .map(Into::into)
        .map_err(|error| Failure::Reason(format!("{url}: {error}")))
}

async fn sleep(seconds: &str) -> Result<(), Failure> {
    match seconds.parse::<u64>() {
        Ok(seconds) => tokio::time::sleep(Duration::from_secs(seconds.min(LONGEST_SLEEP))).await,
        Err(_) => return failed("sleep: how long?"),
    }
    Ok(())
}

#[cfg(test)]
#[path = "script_tests.rs"]
mod tests;
