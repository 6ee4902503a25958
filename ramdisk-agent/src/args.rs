//! The command line of the agent.

/// What the agent was asked to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mode {
    /// Be process 1 of a ramdisk.
    Init,
    /// Look at this host and report as this kernel line says.
    Report(String),
    /// Show the report on standard output.
    Print,
    /// Show this text and exit.
    Show(String),
}

/// What `--help` shows.
pub const USAGE: &str = "\
Looks at this machine's hardware and reports it to Assay.

Usage: assay-agent --print
       assay-agent --cmdline \"KERNEL LINE\"

  --print                  show the report as JSON
  --cmdline \"KERNEL LINE\"  collect, post to ipa-inspection-callback-url, exit
                           0 accepted, 1 failed, 2 wrong usage
  --version                show the version
  --help                   show this text

As process 1 it runs as the init of a ramdisk and reads /proc/cmdline.
";

/// Decides what to do; an `Err` says what is wrong with the arguments.
pub fn parse(process_id: u32, args: &[String]) -> Result<Mode, String> {
    if process_id == 1 {
        return Ok(Mode::Init);
    }
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args.as_slice() {
        ["--print"] => Ok(Mode::Print),
        ["--cmdline", line] => Ok(Mode::Report((*line).to_owned())),
        ["--version"] => Ok(Mode::Show(format!(
            "assay-agent {}\n",
            env!("CARGO_PKG_VERSION")
        ))),
        ["--help" | "-h"] => Ok(Mode::Show(USAGE.to_owned())),
        [] => Err("nothing to do; see --help".to_owned()),
        ["--cmdline"] => Err("--cmdline needs the kernel line as one argument".to_owned()),
        [other, ..] => Err(format!("unexpected argument {other:?}; see --help")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(process_id: u32, args: &[&str]) -> Result<Mode, String> {
        let args: Vec<String> = args.iter().map(ToString::to_string).collect();
        parse(process_id, &args)
    }

    #[test]
    fn process_one_is_init_whatever_the_kernel_passes() {
        assert_eq!(parsed(1, &["splash", "--print"]), Ok(Mode::Init));
    }

    #[test]
    fn others_need_one_known_mode() {
        assert_eq!(parsed(7, &["--print"]), Ok(Mode::Print));
        assert_eq!(
            parsed(7, &["--cmdline", "a=b"]),
            Ok(Mode::Report("a=b".into()))
        );
        for args in [&[][..], &["--cmdline"], &["--print", "x"], &["a=b"]] {
            assert!(parsed(7, args).is_err(), "{args:?}");
        }
    }
}
