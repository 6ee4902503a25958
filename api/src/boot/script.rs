//! The text of iPXE scripts, for BIOS and UEFI firmware alike.
//!
//! Settings such as `${net0/ip}` are filled in by iPXE on the machine; everything that Assay itself
//! puts in is a URL of its own, a nonce, or text that has been reduced to harmless characters.

use std::fmt::Write;

use assay_app::BootSettings;
use assay_domain::{BootImage, Error, Node, Result};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use rocket::http::RawStr;
use serde_json::Value;

use crate::link::Base;

use super::pxelinux::{self, Choice, Linux};

/// The end of a script that has loaded what it boots.
const BOOT: &str =
    "boot || goto failed\n:failed\necho Assay: this boot failed, next boot device\nexit 1\n";
/// What an image begins with that is an iPXE script already.
const IPXE: &str = "#!ipxe";
/// How often a file is asked for again before the machine goes on to its next boot device.
const TRIES: [&str; 3] = ["1", "2", "3"];

/// The script that asks again with the names of the machine.
pub(super) fn chain(base: &Base) -> String {
    let url = base.link("/assay/v1/boot/ipxe/${netX/mac}?uuid=${uuid}&serial=${serial:uristring}");
    let mut text = "#!ipxe\necho Assay: asking what this machine is to boot\n".to_owned();
    for attempt in TRIES {
        let _ = write!(
            text,
            "chain --replace {url} || echo Assay: no answer ({attempt})\nsleep 2\n"
        );
    }
    text.push_str("echo Assay: giving up, next boot device\nexit 1\n");
    text
}

/// The script that goes on to the next boot device, and says why.
pub(super) fn local(reason: &str) -> String {
    format!(
        "#!ipxe\necho Assay: {}; booting from the next device\nexit\n",
        harmless(reason)
    )
}

/// The script that boots an image: an iPXE script as it is, a PXELINUX configuration translated. One
/// of which nothing can be booted goes on to the next boot device, and says why.
pub(super) fn image(image: &BootImage) -> String {
    if image.content.starts_with(IPXE) {
        return image.content.clone();
    }
    match pxelinux::choice(&image.content) {
        Ok(Choice::Linux(linux)) => linux_script(&image.name, &linux),
        Ok(Choice::Local) => local(&format!("image {}", image.name)),
        Err(reason) => {
            tracing::warn!(image = image.id, reason, "a boot image cannot be booted");
            local(&format!("image {} cannot be booted, {reason}", image.name))
        }
    }
}

fn linux_script(name: &str, linux: &Linux) -> String {
    let mut text = format!("#!ipxe\necho Assay: image {}\nimgfree\n", harmless(name));
    // As with the ramdisk, EFI kernels look their initramfs up by the name on the line.
    let initrds = (0..linux.initrds.len()).map(|number| format!("initrd=initrd{number}"));
    let mut line = vec![format!("kernel --name kernel {}", linux.kernel)];
    line.extend(initrds);
    line.extend(linux.arguments.iter().cloned());
    retried(&mut text, "kernel", &line.join(" "));
    for (number, initrd) in linux.initrds.iter().enumerate() {
        let command = format!("initrd --name initrd{number} {initrd}");
        retried(&mut text, &format!("initrd{number}"), &command);
    }
    text.push_str(BOOT);
    text
}

/// A boot of the ramdisk.
pub(super) struct Ramdisk<'a> {
    /// Where the machine reaches Assay.
    pub(super) base: &'a Base,
    /// This boot's nonce.
    pub(super) nonce: &'a str,
    /// Which node it is; none for an unknown machine.
    pub(super) node: Option<&'a Node>,
    /// What is booted.
    pub(super) boot: &'a BootSettings,
}

impl Ramdisk<'_> {
    /// The script that boots it.
    ///
    /// # Errors
    /// [`Error::Internal`] when the configured authority's certificate cannot be read.
    pub(super) fn script(&self) -> Result<String> {
        let kernel = self.url("kernel");
        let initramfs = self.url("initramfs");
        let arguments = self.arguments()?;
        let purpose = match self.node {
            Some(node) => format!(
                "introspection of node {}",
                harmless(node.name.as_deref().unwrap_or(&node.uuid))
            ),
            None => "discovery of an unknown machine".to_owned(),
        };
        let mut text = format!("#!ipxe\necho Assay: {purpose}\nimgfree\n");
        // `initrd=NAME` on the line is for EFI kernels, which look their initramfs up by name.
        retried(
            &mut text,
            "kernel",
            &format!("kernel --name kernel {kernel} initrd=initramfs {arguments}"),
        );
        retried(
            &mut text,
            "initramfs",
            &format!("initrd --name initramfs {initramfs}"),
        );
        text.push_str(BOOT);
        Ok(text)
    }

    fn url(&self, what: &str) -> String {
        self.base
            .link(&format!("/assay/v1/boot/{}/{what}", self.nonce))
    }

    fn arguments(&self) -> Result<String> {
        let nonce = self.nonce;
        let mut line = vec![
            format!(
                "ipa-inspection-callback-url={}",
                self.base.link(&format!("/v1/continue?nonce={nonce}"))
            ),
            format!("assay.phase-url={}", self.url("phase")),
            "BOOTIF=01-${netX/mac:hexhyp}".to_owned(),
            "ip=${netX/ip}::${netX/gateway}:${netX/netmask}:::none".to_owned(),
            "nameserver=${netX/dns}".to_owned(),
            format!("console={}", argument(&self.boot.console)),
        ];
        let hints = self
            .node
            .and_then(|node| node.properties.get("root_device"));
        if let Some(hints) = hints {
            line.push(format!("root_device={}", encode_hints(hints)));
        }
        if let Some(authority) = self.authority()? {
            line.push(format!("assay.ca={authority}"));
        }
        line.push("quiet".to_owned());
        line.extend(self.boot.extra_kernel_args.split_whitespace().map(argument));
        Ok(line.join(" "))
    }

    /// The authority's certificate, DER in base64url, as the agent takes it from the kernel line.
    fn authority(&self) -> Result<Option<String>> {
        let Some(path) = &self.boot.ca_file else {
            return Ok(None);
        };
        let pem = std::fs::read_to_string(path)
            .map_err(|problem| Error::internal(format!("{}: {problem}", path.display())))?;
        let body: String = pem
            .lines()
            .skip_while(|line| !line.starts_with("-----BEGIN CERTIFICATE-----"))
            .skip(1)
            .take_while(|line| !line.starts_with("-----END"))
            .map(str::trim)
            .collect();
        let der = base64::prelude::BASE64_STANDARD
            .decode(body)
            .map_err(|problem| Error::internal(format!("{}: {problem}", path.display())))?;
        Ok(Some(BASE64_URL_SAFE_NO_PAD.encode(der)))
    }
}

fn retried(text: &mut String, what: &str, command: &str) {
    for attempt in TRIES {
        let _ = write!(
            text,
            "{command} && goto {what}_loaded || echo Assay: no {what} ({attempt})\nsleep 2\n"
        );
    }
    let _ = write!(text, "goto failed\n:{what}_loaded\n");
}

/// Root device hints as the agent reads them: `name=value` divided by commas, values
/// percent-encoded, because they may hold spaces and quotes, and a kernel line may not.
fn encode_hints(hints: &Value) -> String {
    let encode = |text: &str| RawStr::new(text).percent_encode().to_string();
    let Some(hints) = hints.as_object() else {
        return String::new();
    };
    let pairs: Vec<String> = hints
        .iter()
        .map(|(name, value)| match value {
            Value::String(text) => format!("{}={}", encode(name), encode(text)),
            other => format!("{}={}", encode(name), encode(&other.to_string())),
        })
        .collect();
    pairs.join(",")
}

/// A kernel argument without what iPXE would read as a setting or a command.
fn argument(text: &str) -> String {
    text.chars()
        .filter(|character| character.is_ascii_graphic() && !"${}|&;\\".contains(*character))
        .collect()
}

/// Text for the console, without line breaks and without what iPXE would read as its own.
fn harmless(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            _ if character.is_ascii_alphanumeric() => character,
            ' ' | '.' | ',' | ':' | '-' | '_' | '(' | ')' | '/' => character,
            _ => ' ',
        })
        .collect()
}
