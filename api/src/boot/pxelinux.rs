//! What a PXELINUX configuration boots without anybody at its menu.
//!
//! Source: the SYSLINUX documentation, pages "Config" and "PXELINUX" (wiki.syslinux.org): keywords
//! in any case, one per line, `#` begins a comment line; what stands before the first label holds
//! for all labels without an own line; `append -` appends nothing; several initrds are divided by
//! commas, on an `initrd` line or after `initrd=` on the append line; a file name is relative to the
//! TFTP server's root, `::name` absolute there, and `host::name` on another server.

/// What is booted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Choice {
    /// A Linux kernel.
    Linux(Linux),
    /// The next boot device.
    Local,
}

/// A Linux kernel with what it is given.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Linux {
    /// Where the kernel is, for iPXE.
    pub(super) kernel: String,
    /// Where the initrds are, for iPXE, in their order.
    pub(super) initrds: Vec<String>,
    /// The kernel line without initrds.
    pub(super) arguments: Vec<String>,
}

/// Lines of one label, or of what stands before the first one.
#[derive(Debug, Default)]
struct Label<'a> {
    name: &'a str,
    is_menu_default: bool,
    kernel: Option<&'a str>,
    initrd: Option<&'a str>,
    append: Option<&'a str>,
    is_local: bool,
    facts: Option<&'a str>,
    unknown: Option<&'a str>,
}

/// A configuration as far as it says what is booted.
#[derive(Debug, Default)]
struct Config<'a> {
    default: Option<&'a str>,
    on_timeout: Option<&'a str>,
    common: Label<'a>,
    labels: Vec<Label<'a>>,
}

/// Reads a configuration.
///
/// # Errors
/// Why nothing of it can be booted, in words for the machine's console.
pub(super) fn choice(text: &str) -> Result<Choice, String> {
    let config = read(text);
    let label = config.chosen();
    if label.is_local {
        return Ok(Choice::Local);
    }
    if let Some(unknown) = label.unknown {
        return Err(format!("the line '{unknown}' cannot be booted by iPXE"));
    }
    // Without labels the default is a kernel and its line.
    let default = config.default.filter(|_| config.labels.is_empty());
    let line = label.kernel.or(default).ok_or("it names no kernel")?;
    let mut words = line.split_whitespace();
    let kernel = words.next().ok_or("it names no kernel")?;
    if kernel.to_ascii_lowercase().ends_with(".c32") {
        return Err(format!(
            "{kernel} is a module of SYSLINUX, which iPXE cannot boot"
        ));
    }
    let mut linux = Linux {
        kernel: url(kernel)?,
        ..Linux::default()
    };
    if let Some(names) = label.initrd.or(config.common.initrd) {
        linux.load(names)?;
    }
    let append = match label.append.or(config.common.append) {
        Some("-") | None => "",
        Some(append) => append,
    };
    for word in words.chain(append.split_whitespace()) {
        match word.strip_prefix("initrd=") {
            Some(names) => linux.load(names)?,
            None => linux.arguments.push(argument(word)?),
        }
    }
    if let Some(facts) = label.facts.or(config.common.facts) {
        linux.arguments.extend(known_facts(facts)?);
    }
    Ok(Choice::Linux(linux))
}

impl Linux {
    fn load(&mut self, names: &str) -> Result<(), String> {
        for name in names
            .split([',', ' ', '\t'])
            .filter(|name| !name.is_empty())
        {
            self.initrds.push(url(name)?);
        }
        Ok(())
    }
}

impl<'a> Config<'a> {
    /// The label that is booted when nobody touches a key. Where the default is a menu, it is the
    /// menu's default, else the first one.
    fn chosen(&self) -> &Label<'a> {
        // A default may have arguments behind it, and a label's name may have spaces in it.
        let first = |text: &'a str| text.split_whitespace().next();
        let named = |text: &'a str| {
            let mut labels = self.labels.iter();
            labels.find(|label| label.name == text).or_else(|| {
                self.labels
                    .iter()
                    .find(|label| Some(label.name) == first(text))
            })
        };
        let asked = [self.on_timeout, self.default];
        let mut asked = asked.into_iter().flatten();
        asked
            .find_map(named)
            .or_else(|| self.labels.iter().find(|label| label.is_menu_default))
            .or_else(|| self.labels.first())
            .unwrap_or(&self.common)
    }
}

fn read(text: &str) -> Config<'_> {
    let mut config = Config::default();
    for line in text.lines().map(str::trim) {
        let (keyword, rest) = match line.split_once(char::is_whitespace) {
            Some((keyword, rest)) => (keyword.to_ascii_lowercase(), rest.trim()),
            None => (line.to_ascii_lowercase(), ""),
        };
        let label = config.labels.last_mut().unwrap_or(&mut config.common);
        match keyword.as_str() {
            "default" => config.default = Some(rest),
            "ontimeout" => config.on_timeout = Some(rest),
            "label" => config.labels.push(Label {
                name: rest,
                ..Label::default()
            }),
            "menu" if rest.eq_ignore_ascii_case("default") => label.is_menu_default = true,
            "kernel" | "linux" => label.kernel = Some(rest),
            "initrd" => label.initrd = Some(rest),
            "append" => label.append = Some(rest),
            "localboot" => label.is_local = true,
            "ipappend" | "sysappend" => label.facts = Some(rest),
            "com32" | "boot" | "bss" | "pxe" | "fdimage" | "config" | "include" => {
                label.unknown = Some(line);
            }
            // Menus, prompts, timeouts, comments, and what is no keyword at all.
            _ => {}
        }
    }
    config
}

/// What PXELINUX adds to the kernel line by a sum of numbers.
fn known_facts(sum: &str) -> Result<Vec<String>, String> {
    const KNOWN: [(u32, &str); 3] = [
        (
            1,
            "ip=${netX/ip}:${next-server}:${netX/gateway}:${netX/netmask}",
        ),
        (2, "BOOTIF=01-${netX/mac:hexhyp}"),
        (4, "SYSUUID=${uuid}"),
    ];
    let number: u32 = sum
        .parse()
        .map_err(|_| format!("'{sum}' is no number of things to append"))?;
    if number > 7 {
        return Err(format!(
            "of the things to append ({sum}) only 1, 2 and 4 are known"
        ));
    }
    let wanted = KNOWN.iter().filter(|(bit, _)| number & bit != 0);
    Ok(wanted.map(|(_, fact)| (*fact).to_owned()).collect())
}

/// Where iPXE finds a file.
fn url(name: &str) -> Result<String, String> {
    let name = argument(name)?;
    if name.contains("://") {
        return Ok(name);
    }
    Ok(match name.split_once("::") {
        Some(("", path)) => tftp("${next-server}", path),
        Some((host, path)) => tftp(host, path),
        None => tftp("${next-server}", &name),
    })
}

fn tftp(host: &str, path: &str) -> String {
    format!("tftp://{host}/{}", path.trim_start_matches('/'))
}

/// A word as iPXE gives it on. What it would take for a command or a setting cannot be told to it.
fn argument(word: &str) -> Result<String, String> {
    let is_command = ["||", "&&", ";"].contains(&word) || word.starts_with('#');
    if is_command || word.contains("${") || word.ends_with('\\') {
        return Err(format!("'{word}' cannot be told to iPXE"));
    }
    Ok(word.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Choice, Linux, choice};

    /// The content of the document's own image.
    const SAMPLE: &str = "default vesamenu.c32\naprompt 1\ntimeout 30\nlabel ubuntu 14.04\nmenu label CENTER COMPUTE NODE DEFAULT\nkernel vmlinuz\nappend initrd=dracut root=192.168.100.1:/mnt/rootfs biosdevname=0 ip=eth0:on ip=eth1:on bond=bond0:eth0,eth1:mode=6 ip=bond0:dhcp ro";

    fn linux(text: &str) -> Linux {
        match choice(text) {
            Ok(Choice::Linux(linux)) => linux,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn the_documents_image_boots_its_only_label() {
        let linux = linux(SAMPLE);
        assert_eq!(linux.kernel, "tftp://${next-server}/vmlinuz");
        assert_eq!(linux.initrds, ["tftp://${next-server}/dracut"]);
        assert_eq!(
            linux.arguments.join(" "),
            "root=192.168.100.1:/mnt/rootfs biosdevname=0 ip=eth0:on ip=eth1:on bond=bond0:eth0,eth1:mode=6 ip=bond0:dhcp ro"
        );
    }

    #[test]
    fn the_default_label_is_booted() {
        let two = "LABEL a\n KERNEL ka\nlabel b c\n  Linux kb extra\n  append x\n";
        for (first, kernel) in [
            ("", "ka"),
            ("default a", "ka"),
            ("default a quiet", "ka"),
            ("DEFAULT b c", "kb"),
            ("default menu.c32\nontimeout b c", "kb"),
            ("default nobody", "ka"),
        ] {
            let found = linux(&format!("{first}\n{two}"));
            assert!(found.kernel.ends_with(kernel), "{first}: {found:?}");
        }
        let marked = "default menu.c32\nlabel a\nkernel ka\nlabel b\nmenu default\nkernel kb";
        assert!(linux(marked).kernel.ends_with("kb"));
        let bare = linux("default vmlinuz initrd=rd ro");
        assert!(bare.kernel.ends_with("/vmlinuz"));
        assert_eq!(
            (bare.initrds.len(), bare.arguments),
            (1, vec!["ro".to_owned()])
        );
    }

    #[test]
    fn common_lines_hold_where_a_label_has_none() {
        let common = "append common\nlabel a\nkernel k\n";
        assert_eq!(linux(common).arguments, ["common"]);
        assert_eq!(linux(&format!("{common}append own")).arguments, ["own"]);
        assert!(linux(&format!("{common}append -")).arguments.is_empty());
    }

    #[test]
    fn files_are_found_where_pxelinux_finds_them() {
        for (name, wanted) in [
            ("vmlinuz", "tftp://${next-server}/vmlinuz"),
            ("/boot/k", "tftp://${next-server}/boot/k"),
            ("::boot/k", "tftp://${next-server}/boot/k"),
            ("192.0.2.7::/k", "tftp://192.0.2.7/k"),
            ("http://h/k?x=1", "http://h/k?x=1"),
        ] {
            assert_eq!(linux(&format!("label a\nkernel {name}")).kernel, wanted);
        }
        let several = linux("label a\nkernel k\ninitrd a,b\nappend initrd=c ro");
        assert_eq!(several.initrds.len(), 3);
        assert_eq!(several.arguments, ["ro"]);
    }

    #[test]
    fn what_pxelinux_appends_is_appended() {
        let three = linux("label a\nkernel k\nipappend 3");
        let words = ["ip=${netX/ip}:", "BOOTIF=01-${netX/mac:hexhyp}"];
        for (argument, word) in three.arguments.iter().zip(words) {
            assert!(argument.starts_with(word), "{argument}");
        }
        assert_eq!(three.arguments.len(), 2);
    }

    #[test]
    fn what_cannot_be_booted_says_why() {
        for (text, word) in [
            ("root=test", "kernel"),
            ("", "kernel"),
            ("label a\nappend x", "kernel"),
            ("label a\nkernel chain.c32\nappend hd0", "chain.c32"),
            ("label a\ncom32 chain.c32", "com32"),
            ("label a\nkernel k\nappend a || shell", "||"),
            ("label a\nkernel k\nappend a=${net0/ip}", "${net0/ip}"),
            ("label a\nkernel k\nappend a \\", "iPXE"),
            ("label a\nkernel k\nsysappend 8", "8"),
            ("label a\nkernel k\nsysappend x", "x"),
        ] {
            let reason = choice(text).unwrap_err();
            assert!(reason.contains(word), "{text}: {reason}");
        }
        let local = "default a\nlabel a\nlocalboot 0";
        assert_eq!(choice(local), Ok(Choice::Local));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC*") {
            let _ = choice(&text);
        }

        /// Whatever stands in the lines, iPXE gets one command with words that it gives on.
        #[test]
        fn nothing_becomes_a_command(
            kernel in "[!-~]{1,12}", append in "([!-~]{1,12} ){0,6}", initrd in "[!-~]{1,20}",
        ) {
            let text = format!("label a\nkernel {kernel}\ninitrd {initrd}\nappend {append}");
            if let Ok(Choice::Linux(linux)) = choice(&text) {
                let mut words = vec![linux.kernel];
                words.extend(linux.initrds);
                words.extend(linux.arguments);
                for word in words {
                    let own = word.replace("tftp://${next-server}/", "");
                    prop_assert!(!own.contains("${"), "{}", own);
                    prop_assert!(!word.contains(char::is_whitespace) && !word.starts_with('#'));
                    prop_assert!(!["||", "&&", ";"].contains(&word.as_str()));
                }
            }
        }
    }
}
